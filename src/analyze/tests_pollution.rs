//! Prototype pollution by hand.

use super::tests::linked;

fn found(body: &str) -> Vec<u32> {
    let text = format!("const express = require('express');\nconst app = express();\n{body}\n");
    let mut lines: Vec<u32> = linked(&[("app.js", &text)])
        .into_iter()
        .filter(|finding| finding.rule == "prototype-pollution")
        .map(|finding| finding.location.region.start_line)
        .collect();
    lines.dedup();
    lines
}

fn handler(statement: &str) -> Vec<u32> {
    found(&format!("app.post('/', (req, res) => {{\n{statement}\n}});"))
}

#[test]
fn a_chosen_object_is_written_to() {
    assert_eq!(handler("data[req.params.id][req.params.name] = req.body.text;"), [4]);
    assert_eq!(handler("const user = users[req.query.id]; user.name = 1;"), [4]);
    assert_eq!(handler("data[req.params.id] = req.body.text;"), [0u32; 0]);
    assert_eq!(handler("data['u' + req.params.id].name = 1;"), [4]);
    assert_eq!(handler("data[parseInt(req.params.id)].name = 1;"), [0u32; 0]);
    assert_eq!(
        handler("if (req.params.id === '__proto__') return; const id = req.params.id; data[id].x = 1;"),
        [4]
    );
    assert_eq!(
        handler("const id = req.params.id; if (id === '__proto__') return; data[id].x = 1;"),
        [0u32; 0]
    );
}

#[test]
fn a_merge_in_depth() {
    let merge = |guard: &str| {
        format!(
            "function merge(dst, src) {{\n  for (const key in src) {{\n    {guard}\n    if (typeof dst[key] === 'object') merge(dst[key], src[key]);\n    else dst[key] = src[key];\n  }}\n}}\nmodule.exports = merge;"
        )
    };
    assert_eq!(found(&merge("")), [7]);
    assert_eq!(found(&merge("if (key === '__proto__') continue;")), [7]);
    assert_eq!(found(&merge("if (key === '__proto__' || key === 'constructor') continue;")), [0u32; 0]);
    assert_eq!(
        found(&merge("if (['__proto__', 'constructor', 'prototype'].includes(key)) continue;")),
        [0u32; 0]
    );
    assert_eq!(
        found("function copy(dst, src) {\n  for (const key in src) dst[key] = src[key];\n}"),
        [0u32; 0]
    );
}
