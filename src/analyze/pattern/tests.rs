use std::collections::BTreeMap;

use super::*;
use crate::artifact::{Action, Original, Role};
use crate::finding::{Confidence, Severity};
use crate::redact::Redactor;
use crate::rule::{Category, Place, QueryMatch};
use crate::syntax::{parse, steps_for};

fn rule(id: &str, callee: &[&str], queries: &[(&str, &str)]) -> Rule {
    Rule {
        id: id.into(),
        category: Category::Code,
        message: "{callee} is called".into(),
        severity: Severity::High,
        confidence: Confidence::High,
        cwe: vec![327],
        since: "0.1.0".into(),
        fix: Some("write it otherwise".into()),
        references: Vec::new(),
        yields_to: Vec::new(),
        matcher: Match::Query(QueryMatch {
            report: "report".into(),
            callee: callee.iter().map(|name| (*name).to_owned()).collect(),
        }),
        queries: queries
            .iter()
            .map(|(key, query)| ((*key).to_owned(), (*query).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        title: String::new(),
        meaning: String::new(),
        advice: String::new(),
        prose: String::new(),
        place: Place::default(),
    }
}

/// Line and message of each finding.
fn found(rules: Vec<Rule>, path: &str, text: &str) -> Vec<(u32, String)> {
    let patterns = Patterns::new(&RuleSet { rules, models: Vec::new() });
    findings(&patterns, path, text)
        .into_iter()
        .map(|it| (it.location.region.start_line, it.message))
        .collect()
}

fn findings(patterns: &Patterns, path: &str, text: &str) -> Vec<Finding> {
    let original = Original::new(path, Role::Code, Action::Create, text.as_bytes().to_vec());
    let redactor = Redactor::new(&RuleSet::default(), None).unwrap();
    let document = redactor.redact(original).document;
    let view = document.whole();
    let parsed = parse(Language::of_path(path).unwrap(), view.text(), steps_for(view.text())).unwrap();
    let (findings, notes) =
        patterns.find(&view, &parsed, &Imports::read(&parsed), &Table::new(parsed.root()), &|_| false);
    assert!(notes.is_empty(), "{notes:?}");
    findings
}

const CALL: &str = "(call function: (_) @callee) @report";

#[test]
fn callee_resolves_through_imports() {
    let text =
        "import hashlib as h\nfrom hashlib import md5 as m\nh.md5(b)\nm(b)\nh.sha256(b)\nother.md5(b)\n";
    let lines = found(vec![rule("a", &["hashlib.md5"], &[("python", CALL)])], "a.py", text);
    assert_eq!(lines, [(3, "hashlib.md5 is called".to_owned()), (4, "hashlib.md5 is called".to_owned())]);
}

#[test]
fn safe_capture_silences() {
    let query = "(call function: (_) @callee) @report
        (call arguments: (argument_list (keyword_argument name: (identifier) @_name)) (#eq? @_name \"ok\")) @safe";
    let lines = found(vec![rule("a", &["f"], &[("python", query)])], "a.py", "f(1)\nf(1, ok=2)\n");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].0, 1);
}

#[test]
fn rules_share_one_pass() {
    let rules = vec![rule("a", &["f"], &[("python", CALL)]), rule("b", &["g"], &[("python", CALL)])];
    let lines = found(rules, "a.py", "f(1)\ng(1)\n");
    assert_eq!(lines, [(1, "f is called".to_owned()), (2, "g is called".to_owned())]);
}

#[test]
fn javascript_queries_serve_typescript() {
    let query = "(call_expression function: (_) @callee) @report";
    let rules = || vec![rule("a", &["m.f"], &[("javascript", query)])];
    for path in ["a.js", "a.ts", "a.tsx"] {
        assert_eq!(found(rules(), path, "import { f } from 'm';\nf(1);\n").len(), 1, "{path}");
    }
}

#[test]
fn destination_is_the_name_a_value_ends_in() {
    let query = "((call function: (_) @callee) @report (#goes-to? @report \"token\"))";
    let rules = || vec![rule("a", &["r"], &[("python", query)])];
    for (text, hits) in [
        ("token = r()\n", 1),
        ("token = ''.join(r() for _ in range(3))\n", 1),
        ("self.token = str(r())\n", 1),
        ("f(token=r())\n", 1),
        ("x = {'token': r()}\n", 1),
        ("def make_token():\n    return r()\n", 1),
        ("token += r()\n", 1),
        ("tokens.append(r())\n", 1),
        ("other = r()\n", 0),
        ("token = a if r() < 1 else b\n", 0),
        ("if r():\n    token = 1\n", 0),
    ] {
        assert_eq!(found(rules(), "a.py", text).len(), hits, "{text}");
    }
}

#[test]
fn variables_lead_on_to_where_they_are_used() {
    let query = "((call function: (_) @callee) @report (#goes-to? @report \"token\"))";
    let rules = || vec![rule("a", &["r"], &[("python", query)])];
    for (text, hits) in [
        ("x = str(r())\nsession['token'] = x\n", 1),
        ("x = r()\ny = f'{x}-1'\nuser.token = y\n", 1),
        ("x = r()\nsave(token=x)\n", 1),
        ("x = r()\nresponse.set_cookie('token', str(x))\n", 1),
        ("def make_token():\n    x = ''\n    x += r()\n    return x\n", 1),
        ("def f():\n    x = r()\ndef g(x):\n    token = x\n", 0),
        ("x = r()\nx = 1\ntoken = x\n", 0),
        ("x = r()\ntoken = tokens[x]\n", 0),
        ("x = r()\ntoken = fetch(x)\n", 0),
        ("x = r()\nresponse.set_cookie(x, 'token')\n", 0),
        ("token = x\nx = r()\n", 0),
    ] {
        assert_eq!(found(rules(), "a.py", text).len(), hits, "{text}");
    }
    let many = "x = r()\n".to_owned() + &"y = x\n".repeat(5_000) + "token = x\n";
    assert_eq!(found(rules(), "a.py", &many).len(), 0);
}

#[test]
fn function_around_is_found() {
    let query = "((call_expression function: (_) @callee) @report (#within? @report \"Token\"))";
    let rules = || vec![rule("a", &["r"], &[("javascript", query)])];
    for (text, hits) in [
        ("function makeToken() { let s = ''; s += r(); return s }", 1),
        ("const makeToken = () => { const x = r(); return x }", 1),
        ("class A { makeToken() { return [1].map(() => r()) } }", 1),
        ("function other() { const x = r() }", 0),
    ] {
        assert_eq!(found(rules(), "a.js", text).len(), hits, "{text}");
    }
}

#[test]
fn path_and_imports_are_conditions() {
    let query = "((call function: (_) @callee) @report (#path? \"settings\") (#imports? \"flask\"))";
    let rules = || vec![rule("a", &[], &[("python", query)])];
    assert_eq!(found(rules(), "settings.py", "from flask.x import y\nf()\n").len(), 1);
    assert_eq!(found(rules(), "other.py", "from flask.x import y\nf()\n").len(), 0);
    assert_eq!(found(rules(), "settings.py", "import flaskish\nf()\n").len(), 0);
}

#[test]
fn settings_give_fix_and_confidence() {
    let query = "((call function: (_) @callee arguments: (argument_list (false) @fix)) @report
        (#set! fix \"True\") (#set! confidence \"low\"))";
    let set = RuleSet { rules: vec![rule("a", &[], &[("python", query)])], models: Vec::new() };
    let patterns = Patterns::new(&set);
    let found = findings(&patterns, "a.py", "f(False)\n");
    assert_eq!(found[0].confidence, Confidence::Low);
    let fix = found[0].fix.clone().unwrap();
    assert_eq!((fix.region.start_column, fix.region.end_column, fix.replacement.as_str()), (3, 8, "True"));
}

#[test]
fn wrong_queries_are_errors() {
    for query in
        ["(no_such_node) @report", "((call) @report (#frobs? @report))", "((call) @report (#set! x \"y\"))"]
    {
        let set = RuleSet { rules: vec![rule("a", &[], &[("python", query)])], models: Vec::new() };
        assert!(Patterns::new(&set).check().is_err(), "{query}");
    }
}

#[test]
fn constants_are_followed() {
    let query = "((call_expression arguments: (arguments . (_) @_what) ) @report (#constant? @_what \"^(?:/'/g?|')$\"))";
    let text = "\
const quote = /'/;
const other = quote;
let changed = \"'\";
f(quote);
f(other);
f(\"'\");
f('' + `'`);
f(new RegExp('\\'', 'g'));
f(changed);
changed = x;
f(changed);
f('a');
function g(quote) { f(quote); }
f(`${quote}`);
f(loop);
const loop = loop + loop;
";
    let lines: Vec<u32> = found(vec![rule("r", &[], &[("javascript", query)])], "a.js", text)
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9]);
    let query = "((call arguments: (argument_list . (_) @_what)) @report (#constant? @_what \"^ab$\"))";
    let text = "PART = 'a'\nf(PART + 'b')\nf(PART)\n";
    assert_eq!(found(vec![rule("r", &[], &[("python", query)])], "a.py", text).len(), 1);
}

#[test]
fn the_function_around_is_looked_at() {
    let query = "((call_expression) @report (#not-around? @report \"checked\"))";
    let text = "\
function one() { f(); }
function two() { checked; f(); }
const three = () => g();
";
    let lines: Vec<u32> = found(vec![rule("r", &[], &[("javascript", query)])], "a.js", text)
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, [1, 3]);
}

#[test]
fn names_read_as_what_they_are_bound_to() {
    let query = "((call (argument_list (keyword_argument value: (_) @_value))) @report (#reads? @_value \"^(False|0)$\"))";
    let text = "off = False\nf(v=off)\nf(v=0)\nf(v=on)\ndef g(off):\n    f(v=off)\noff = on\nf(v=off)\n";
    let lines = found(vec![rule("r", &[], &[("python", query)])], "a.py", text);
    assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
}
