//! What the analyser finds in JavaScript, construct by construct: each case stands in a handler that has read `x`.

use super::tests::{expected, reported};
use super::*;
use crate::artifact::{Action, Original};
use crate::redact::Redactor;
use crate::rule;

/// Cases of `# title` and a body; a line that is reported says so, as in the pages.
const CASES: &str = include_str!("tests_script.txt");

const BEFORE: &str = "const express = require('express'); const app = express(); \
const cp = require('child_process'); const { exec } = require('child_process'); \
app.get('/', async (req, res) => { const x = req.query.x;\n";

fn cases() -> Vec<(&'static str, String)> {
    let titled = |case: &'static str| {
        let (title, body) = case.split_once('\n').unwrap_or((case, ""));
        (title, format!("{BEFORE}{body}\n}});\n"))
    };
    CASES.strip_prefix("# ").unwrap_or(CASES).split("\n# ").map(titled).collect()
}

#[test]
fn constructs_carry_data_or_do_not() {
    let mut wrong = String::new();
    for (title, text) in cases() {
        let found = reported("app.js", &text);
        if found != expected(&text) {
            wrong += &format!("{title}: {found:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases().len() > 280, "{}", cases().len());
}

/// The lines reported when a model of a framework is there too.
fn reported_with(model: &str, path: &str, text: &str) -> Vec<u32> {
    let mut rules = crate::built_in_rules();
    rules.rules.retain(|rule| matches!(rule.matcher, rule::Match::Taint(_)));
    // Frameworks that are known have handlers of their own.
    rules.models.iter_mut().for_each(|model| model.handler.clear());
    rules.models.push(rule::Model::parse(model).unwrap());
    let analyzer = Analyzer::new(&std::sync::Arc::new(rules)).unwrap();
    let redactor = Redactor::new(&RuleSet::default(), None).unwrap();
    let original = Original::new(path, Role::Code, Action::Create, text.as_bytes());
    let facts = analyzer.facts(&redactor.redact(original).document, &Project::default());
    facts.findings.iter().map(|finding| finding.location.region.start_line).collect()
}

#[test]
fn handlers_are_found_by_what_a_file_exports() {
    let model = "language = \"javascript\"\nlibrary = \"made-up\"\n[source]\nhttp = [\"made.Request.url\"]\n\
        [[handler]]\nexport = [\"GET\"]\npath = [\"*/app/*/route.ts\"]\nparameters = [\"made.Request\"]\n\
        [[handler]]\nexport = [\"handler\"]\nrest = \"http\"\n";
    let get =
        "import { exec } from 'child_process';\nexport async function GET(given) { exec(given.url); }\n";
    assert_eq!(reported_with(model, "src/app/user/route.ts", get), [2]);
    assert_eq!(reported_with(model, "src/app/user/page.ts", get), [0u32; 0]);
    assert_eq!(reported_with(model, "src/app/user/route.ts", &get.replace("GET", "PUT")), [0u32; 0]);
    for export in [
        "exports.handler = async (event) => { cp.exec(event.name); };",
        "module.exports.handler = wrap(async (event) => { cp.exec(event.name); });",
        "const handler = (event) => { cp.exec(event.name); }; module.exports = { handler };",
    ] {
        let text = format!("const cp = require('child_process');\n{export}\n");
        assert_eq!(reported_with(model, "index.js", &text), [2], "{export}");
    }
}

#[test]
fn handlers_are_found_by_assignment_and_requirement() {
    let model = "language = \"javascript\"\nlibrary = \"made-up\"\n[source]\nhttp = [\"Made.data\"]\n\
        [guard]\nany = [\"Made.origin is\"]\n\
        [[handler]]\nassignment = [\"panel.onmessage\"]\ncall = [\"panel.addEventListener(0=message)\"]\n\
        parameters = [\"Made\"]\n";
    for (text, found) in [
        ("panel.onmessage = (e) => { eval(e.data); };", true),
        ("panel.addEventListener('message', (e) => { eval(e.data); });", true),
        ("panel.addEventListener('message', ({ data }) => { eval(data); });", true),
        ("panel.addEventListener('click', (e) => { eval(e.data); });", false),
        ("panel.onmessage = (e) => { if (e.origin !== 'https://a.example') return; eval(e.data); };", false),
        (
            "panel.onmessage = ({ data, origin }) => { if (origin === 'https://a.example') eval(data); };",
            false,
        ),
    ] {
        let lines = reported_with(model, "a.js", text);
        assert_eq!(!lines.is_empty(), found, "{text}");
    }
}

#[test]
fn scripts_of_pages_are_read_at_their_lines() {
    for (path, text) in [
        ("a.html", "<p>text</p>\n<script>\n  eval(location.hash); // expect: code-injection\n</script>\n"),
        ("a.html", "<p>text</p>\n<script src=\"a.js\"></script>\n"),
        ("a.html", "<button onclick=\"eval(location.hash)\">a</button> <!-- expect: code-injection -->\n"),
        (
            "a.vue",
            "<template>\n  <p>a</p>\n</template>\n<script setup lang=\"ts\">\nconst a: string = 'b';\neval(location.hash); // expect: code-injection\n</script>\n",
        ),
    ] {
        let lines = |list: Vec<(u32, String)>| list.into_iter().map(|(line, _)| line).collect::<Vec<_>>();
        assert_eq!(lines(reported(path, text)), lines(expected(text)), "{text}");
    }
}
