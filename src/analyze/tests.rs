//! What the analyser finds in small programs, construct by construct. The examples of the pages are run by `tests/rules.rs`.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::artifact::{Action, Original, Role};
use crate::redact::Redactor;
use crate::rule;

/// Compiling the queries takes longer than all the programs here together.
fn analyzer() -> &'static Analyzer {
    static ANALYZER: OnceLock<Analyzer> = OnceLock::new();
    ANALYZER.get_or_init(|| {
        let mut rules = crate::built_in_rules();
        rules.rules.retain(|rule| matches!(rule.matcher, rule::Match::Taint(_)));
        for rule in &mut rules.rules {
            // No page asks for keys that are gone through, since most merges are of a program's own data.
            if let rule::Match::Taint(taint) = &mut rule.matcher
                && taint.sink == "prototype"
            {
                taint.source.push("key".to_owned());
            }
        }
        Analyzer::new(&std::sync::Arc::new(rules)).unwrap()
    })
}

fn redacted(path: &str, text: &str) -> Redacted {
    static REDACTOR: OnceLock<Redactor> = OnceLock::new();
    let redactor = REDACTOR.get_or_init(|| Redactor::new(&RuleSet::default(), None).unwrap());
    redactor.redact(Original::new(path, Role::Code, Action::Create, text.as_bytes())).document
}

fn analyse(path: &str, text: &str) -> Facts {
    analyzer().facts(&redacted(path, text), &Project::default())
}

/// All findings in several files.
pub(super) fn linked(files: &[(&str, &str)]) -> Vec<Finding> {
    let project = Project::new(files.iter().map(|(path, _)| *path));
    let facts = files.iter().map(|(path, text)| analyzer().facts(&redacted(path, text), &project));
    let open = |index: usize| files.get(index).map(|(path, text)| redacted(path, text));
    analyzer().link(facts.collect(), files.len(), &open).0
}

pub(super) fn reported(path: &str, text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<_> = analyse(path, text)
        .findings
        .into_iter()
        .map(|finding| (finding.location.region.start_line, finding.rule))
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

pub(super) fn expected(text: &str) -> Vec<(u32, String)> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some((_, ids)) = line.split_once("expect: ") {
            lines.extend(ids.split(',').map(|id| (index as u32 + 1, id.trim().to_owned())));
        }
    }
    lines
}

/// Checks a program against the `expect:` comments in it; `source` and `sink` are always there.
pub(super) fn holds(body: &str) {
    let text = format!("import os\nfrom flask import request\n{body}");
    assert_eq!(reported("app.py", &text), expected(&text), "{text}");
}

#[test]
fn text_is_built_in_every_form() {
    for expression in [
        "x + 'a'",
        "'a' + x",
        "'a %s' % x",
        "'a %s %s' % (1, x)",
        "'{}'.format(x)",
        "'{a}'.format(a=x)",
        "f'a {x}'",
        "f'a {x!r:>{10}}'",
        "f'a {d['k']}'",
        "''.join(['a', x])",
        "' '.join(p for p in x)",
        "'a' 'b' f'{x}'",
        "str(x)",
        "x.strip().lower()",
        "x[1:]",
        "x[0]",
        "x if x else 'b'",
        "x or 'b'",
        "(y := x)",
        "[x][0]",
        "{'k': x}['k']",
        "dict(k=x)['k']",
        "(lambda v: v)(x)",
        "list(map(lambda v: v + 'a', [x]))[0]",
        "[*x][0]",
        "{**{'k': x}}['k']",
        "os.path.join('a', x)",
        "x.encode().decode('utf-8')",
        "max(x, 'a')",
        "[v for v in [x]][0]",
        "{k: v for k, v in d.items()}['k']",
        "bytes(x, 'utf-8')",
        "d.get('k', 'b')",
    ] {
        holds(&format!(
            "def f():\n    x = request.args['x']\n    d = {{'k': x, 'n': 1}}\n    os.system({expression})  # expect: command-injection\n"
        ));
    }
}

#[test]
fn what_is_not_data_is_left_alone() {
    for expression in [
        "'a'",
        "len(x)",
        "int(x)",
        "str(int(x))",
        "d['n']",
        "['a', x][0]",
        "x == 'a'",
        "not x",
        "'a' if x else 'b'",
        "{'k': x}.get('n', 'b')",
        "f'{1}'",
        "[1 for v in x]",
        "x.isdigit()",
        "'ab'[0]",
        "(x, 'a')[1]",
        "(x, 'a')[-1]",
    ] {
        holds(&format!(
            "def f():\n    x = request.args['x']\n    d = {{'k': x, 'n': 1}}\n    os.system({expression})\n"
        ));
    }
}

#[test]
fn statements_carry_data() {
    for body in [
        "    a, b = 'c', x\n    os.system(b)  # expect: command-injection\n    os.system(a)\n",
        "    a, *b = ['c', x]\n    os.system(b[0])  # expect: command-injection\n",
        "    (a, (b, c)) = ('d', ('e', x))\n    os.system(c)  # expect: command-injection\n    os.system(b)\n",
        "    a = b = x\n    os.system(a)  # expect: command-injection\n",
        "    a = 'c'\n    a += x\n    os.system(a)  # expect: command-injection\n",
        "    for a in [x]:\n        os.system(a)  # expect: command-injection\n",
        "    for i, a in enumerate(x):\n        os.system(a)  # expect: command-injection\n",
        "    a = ''\n    while len(a) < 3:\n        a = a + x\n    os.system(a)  # expect: command-injection\n",
        "    try:\n        a = x\n    except ValueError as e:\n        a = 'b'\n    finally:\n        os.system(a)  # expect: command-injection\n",
        "    try:\n        a = x\n        g()\n    except ValueError:\n        os.system(a)  # expect: command-injection\n",
        "    with open('a') as h:\n        os.system(x)  # expect: command-injection\n",
        "    match x:\n        case 'a':\n            b = 'c'\n        case other:\n            b = other\n    os.system(b)  # expect: command-injection\n",
        "    a = None\n    if x:\n        a = x\n    else:\n        a = 'b'\n    os.system(a)  # expect: command-injection\n",
        "    class C:\n        def m(self, v):\n            os.system(v)  # expect: command-injection\n    C().m(x)\n",
        "    class C:\n        def __init__(self, v):\n            self.v = v\n    os.system(C(x).v)  # expect: command-injection\n",
        "    class C:\n        def __init__(self, v):\n            self.v = v\n        def m(self):\n            os.system(self.v)  # expect: command-injection\n    C(x).m()\n    C('a').m()\n",
        "    def g(v='a'):\n        return v\n    os.system(g(v=x))  # expect: command-injection\n    os.system(g())\n",
        "    def g(*v, **k):\n        os.system(v)  # expect: command-injection\n    g(1, x)\n",
        "    def g():\n        os.system(x)  # expect: command-injection\n    g()\n",
        "    def g():\n        yield x\n    for a in g():\n        os.system(a)  # expect: command-injection\n",
        "    from os import system as run\n    run(x)  # expect: command-injection\n",
        "    import os.path as p, os as o\n    o.system(p.join(x))  # expect: command-injection\n",
        "    run = os.system\n    run(x)  # expect: command-injection\n",
        "    o = g()\n    o.a = x\n    os.system(o.a)  # expect: command-injection\n    os.system(o.b)\n",
        "    d = {}\n    d['a']['b'] = x\n    os.system(d['a']['b'])  # expect: command-injection\n    os.system(d['a']['c'])\n",
        "    assert x\n    os.system(x)  # expect: command-injection\n",
    ] {
        holds(&format!("async def f():\n    x = request.args['x']\n{body}"));
    }
}

#[test]
fn members_of_a_base_class_are_known() {
    holds(
        "from http.server import BaseHTTPRequestHandler\nclass H(BaseHTTPRequestHandler):\n    def do_GET(self):\n        os.system(self.path)  # expect: command-injection\n        os.system(self.server)\n",
    );
}

#[test]
fn branches_that_cannot_be_taken_are_left_out() {
    for body in [
        "    num = 106\n    if 7 * 42 - num > 200:\n        bar = x\n    else:\n        bar = 'c'\n",
        "    bar = 'This should never happen'\n    if 'should' not in bar:\n        bar = x\n",
        "    possible = 'ABC'\n    guess = possible[1]\n    match guess:\n        case 'A':\n            bar = x\n        case 'B':\n            bar = 'bob'\n        case 'C' | 'D':\n            bar = x\n        case _:\n            bar = x\n",
        "    num = 86\n    bar = 'c' if 7 * 18 + num > 200 else x\n",
        "    bar = 'c'\n    if False:\n        bar = x\n",
        "    bar = x\n    return\n",
    ] {
        holds(&format!("def f():\n    x = request.args['x']\n{body}    os.system(bar)\n"));
    }
}

#[test]
fn containers_keep_places_apart() {
    for (body, tainted) in [
        (
            "    l = []\n    l.append('safe')\n    l.append(x)\n    l.append('more')\n    l.pop(0)\n    bar = l[0]\n",
            true,
        ),
        (
            "    l = []\n    l.append('safe')\n    l.append(x)\n    l.append('more')\n    l.pop(0)\n    bar = l[1]\n",
            false,
        ),
        ("    d = {}\n    d['a'] = 'v'\n    d['b'] = x\n    bar = d['a']\n", false),
        ("    d = {}\n    d['a'] = 'v'\n    d['b'] = x\n    bar = d['b']\n", true),
        ("    d = {}\n    d['b'] = x\n    bar = d[g()]\n", true),
        (
            "    import configparser\n    c = configparser.ConfigParser()\n    c.add_section('s')\n    c.set('s', 'a', 'v')\n    c.set('s', 'b', x)\n    bar = c.get('s', 'a')\n",
            false,
        ),
        (
            "    import configparser\n    c = configparser.ConfigParser()\n    c.set('s', 'a', 'v')\n    c.set('s', 'b', x)\n    bar = c.get('s', 'b')\n",
            true,
        ),
        ("    l = ['a'] + [x]\n    bar = l[0]\n", false),
        ("    l = ['a'] + [x]\n    bar = l[1]\n", true),
        ("    l = []\n    for a in x:\n        l.append(a)\n    bar = l[0]\n", true),
        ("    d = {'a': 'b'}\n    d.update({'c': x})\n    bar = d['a']\n", false),
    ] {
        let mark = if tainted { "  # expect: command-injection" } else { "" };
        holds(&format!("def f():\n    x = request.args['x']\n{body}    os.system(bar){mark}\n"));
    }
}

#[test]
fn guards_hold_where_they_dominate() {
    for (body, tainted) in [
        ("    if not x.isalnum():\n        return\n", false),
        ("    if x.isalnum():\n        return\n", true),
        ("    if x not in ('a', 'b'):\n        raise ValueError\n", false),
        ("    if x != 'a' and x != 'b':\n        return\n", false),
        ("    if x != 'a' or g():\n        pass\n", true),
        ("    import re\n    if not re.fullmatch('[a-z]+', x):\n        return\n", false),
        ("    assert x in {'a': 1, 'b': 2}\n", false),
        ("    ok = x.isdigit()\n    if not ok:\n        return\n", false),
        ("    ok = x.isdigit()\n    ok = g()\n    if not ok:\n        return\n", true),
    ] {
        let mark = if tainted { "  # expect: command-injection" } else { "" };
        holds(&format!("def f():\n    x = request.args['x']\n{body}    os.system(x){mark}\n"));
    }
}

#[test]
fn cleaners_clean_their_kind_alone() {
    holds(
        "import html, shlex\ndef f():\n    x = html.escape(request.args['x'])\n    os.system(x)  # expect: command-injection\n    os.system(shlex.quote(x))\n    eval(shlex.quote(x))  # expect: code-injection\n",
    );
}

#[test]
fn traces_lead_from_source_to_sink() {
    let text = "import os\nfrom flask import request\n\ndef f():\n    x = request.args['x']\n    y = 'a' + x\n    os.system(y)\n";
    let facts = analyse("app.py", text);
    assert_eq!(facts.findings.len(), 1);
    let steps: Vec<_> = facts.findings[0]
        .trace
        .iter()
        .map(|step| (step.location.region.start_line, step.message.as_str()))
        .collect();
    assert_eq!(
        steps,
        [
            (5, "`request.args` is read"),
            (5, "flows into `x`"),
            (6, "flows into `y`"),
            (7, "reaches `os.system`")
        ]
    );
    assert_eq!(facts.findings[0].message, "request data reaches a shell command");
    assert_eq!(facts.findings[0].cwe, [78]);
}

#[test]
fn nesting_of_any_depth_is_survived_and_said() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("f(", ")"), ("not ", ""), ("-", ""), ("lambda: ", ""), ("{1: ", "}")]
    {
        let text = format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
        assert!(!analyse("app.py", &text).notes.is_empty(), "{open}");
    }
    let mut text: String = (0..400).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    text += &format!("{}pass\n", " ".repeat(400));
    let notes = analyse("app.py", &text).notes;
    assert!(notes.iter().any(|note| note.message.contains("levels deep")), "{notes:?}");
}

#[test]
fn long_chains_cost_no_depth() {
    let sum = vec!["'a'"; 3000].join(" + ");
    let branches: String = (0..300).map(|n| format!("    elif n == {n}:\n        y = {n}\n")).collect();
    let text = format!(
        "import os\nfrom flask import request\ndef f(n):\n    x = {sum} + request.args['x']\n    if n:\n        y = 1\n{branches}    os.system(x)\n"
    );
    let facts = analyse("app.py", &text);
    assert_eq!(facts.notes, []);
    assert_eq!(facts.findings.len(), 1);
}

#[test]
fn templates_of_source_code_are_listed() {
    let kinds = |path: &str, text: &str| {
        analyse(path, text).notes.into_iter().map(|note| note.kind).collect::<Vec<_>>()
    };
    let template = "{% autoescape off %}\nf({\n  {% if plural %}\n  a: {{ plural }},\n  {% endif %}\n});\n";
    assert_eq!(kinds("catalog.js", template), [NoteKind::Unsupported]);
    let bound = "from {{ cookiecutter.slug }} import x\n";
    assert_eq!(kinds("app.py", bound), [NoteKind::Unsupported]);
    assert_eq!(kinds("{{cookiecutter.slug}}/app.py", "{% if x %}\nx = = 1\n"), [NoteKind::Unsupported]);
    assert_eq!(kinds("{{cookiecutter.slug}}/app.py", "\n\nx = = 1\n"), [NoteKind::Partial]);
    let page = "<script>\nlet a = {{ user.name|tojson }};\n{% if b %}c();{% endif %}\n</script>\n";
    assert_eq!(kinds("templates/a.html", page), [NoteKind::Unsupported]);
    for hidden in [
        "let a = ;\n\n\n\n// {% if x %}\n",
        "let a = ; // {% if x %}\n",
        "{% if x %}\n\n\n\n\nlet a = ;\n",
        "let t = '{{ title }}'; let a = ;\n",
    ] {
        assert_eq!(kinds("catalog.js", hidden), [NoteKind::Partial], "{hidden}");
    }
}

#[test]
fn a_template_is_analysed_without_its_tags() {
    let text = "import os\nfrom flask import request\nfrom {{ cookiecutter.slug }} import x\n\
                {% if y %}\nos.system(request.args['x'])  # expect: command-injection\n{% endif %}\n";
    assert_eq!(reported("app.py", text), expected(text));
}

#[test]
fn names_are_read_as_an_interpreter_reads_them() {
    for text in [
        "import os\nfrom flask import request\nos.\u{17f}ystem(request.args['x'])  # expect: command-injection\n",
        "from flask import request\n\u{ff45}va\u{2113}(request.args['x'])  # expect: code-injection\n",
    ] {
        assert_eq!(reported("app.py", text), expected(text), "{text}");
    }
    let text = "const cp = require('child_process'); const app = require('express')();\n\
                app.get('/', (req, res) => { cp.\\u0065xec(req.query.c) })  // expect: command-injection\n\
                app.get('/', (req, res) => { \\u{65}val(req.query.c) })  // expect: code-injection\n\
                app.get('/', (req, res) => { let \\u{61} = req.query.c; eval(a) })  // expect: code-injection\n";
    assert_eq!(reported("app.js", text), expected(text));
}

#[test]
fn what_is_code_is_found_without_its_extension() {
    let python =
        "import os\nfrom flask import request\nos.system(request.args['x'])  # expect: command-injection\n";
    for path in ["app.wsgi", "app.py3", "SConstruct", "cgi-bin/app.cgi"] {
        assert_eq!(reported(path, python), expected(python), "{path}");
    }
    let script = format!("#!/usr/bin/env python3\n{python}");
    for path in ["bin/deploy", "cgi-bin/app.cgi", "run.sh"] {
        assert_eq!(reported(path, &script), expected(&script), "{path}");
    }
    assert_eq!(reported("bin/deploy", python), []);
    let note = left_out(["a.go", "b/c.GO", "d.py", "e.ipynb", "Makefile"].into_iter()).unwrap();
    assert!(note.message.ends_with("2 .go, 1 .ipynb"), "{}", note.message);
    assert_eq!(left_out(["a.py", "b.js"].into_iter()), None);
}

#[test]
fn what_a_component_puts_into_a_page_is_a_sink() {
    for (path, text) in [
        (
            "a.svelte",
            "<script>\nconst q = new URLSearchParams(location.search).get('q');\n</script>\n{@html q}\n",
        ),
        (
            "a.svg",
            "<svg xmlns='x'>\n\n<script><![CDATA[\n\u{20}document.title = eval(location.hash) ]]></script></svg>\n",
        ),
        ("a.html", "<html>\n<!-- --!>\n\n\n<script>eval(location.hash)</script>\n"),
    ] {
        let lines: Vec<u32> = reported(path, text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [if path == "a.html" { 5 } else { 4 }], "{path}");
    }
}

#[test]
fn fences_are_read_as_they_call_themselves() {
    let code = "import os\nfrom flask import request\nos.system(request.args['x'])\n";
    let read = |info: &str, code: &str| {
        let text = format!("Here:\n\n```py path=b.py\nx = 1\n```\n\n```{info}\n{code}```\n");
        let submission = crate::ingest::reply::stdin(text.as_bytes());
        let original = crate::ingest::read(&submission.entries[0], &1_000_000).unwrap();
        let document = Redactor::new(&RuleSet::default(), None).unwrap().redact(original).document;
        analyzer().facts(&document, &Project::default())
    };
    for info in [
        "python",
        "{python}",
        "{.python}",
        "python:app.py",
        "app.py",
        "",
        "python path=bin/deploy",
        "python path=app.wsgi",
    ] {
        assert_eq!(read(info, code).findings.len(), 1, "{info}");
    }
    assert_eq!(read("text", code).findings, []);
    assert_eq!(read("", "import os, = 1\nos.system(x)\n").notes[0].kind, NoteKind::Unsupported);
    assert_eq!(read("", "$ make\nall done\n").notes, []);
}

#[test]
fn a_lone_carriage_return_ends_a_comment_of_python() {
    let text = "import os\nfrom flask import request\n# tidy up\ros.system(request.args['x'])\n";
    assert_eq!(reported("app.py", text), [(3, "command-injection".to_owned())]);
}

#[test]
fn codecs_that_hide_code_are_said() {
    let notes = analyse("app.py", "# coding: utf-7\n# +AAo-os.system(x)\n").notes;
    assert_eq!(notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::Partial]);
    assert_eq!(analyse("app.py", "# -*- coding: latin-1 -*-\nx = 1\n").notes, []);
}

#[test]
fn what_is_not_understood_is_said() {
    let text = "import os\nfrom flask import request\nx = = 1\nos.system(request.args['x'])\n";
    let facts = analyse("app.py", text);
    assert_eq!(facts.notes.len(), 1);
    assert!(facts.notes[0].message.contains("line 3"), "{}", facts.notes[0].message);
    assert_eq!(facts.findings.len(), 1);
}

const PIECES: &[&str] = &[
    "import os\n",
    "from flask import request\n",
    "def f(a, *b, **c):\n",
    "    return a\n",
    "x = request.args['x']\n",
    "os.system(x)\n",
    "    x = [x]\n",
    "x.append(x)\n",
    "if x:\n",
    "else:\n",
    "try:\n",
    "except E as e:\n",
    "for x in x:\n",
    "while x:\n",
    "    break\n",
    "class C(f):\n",
    "    def m(self):\n",
    "        self.x = x\n",
    "lambda x: (",
    "f'{x",
    "match x:\n",
    "    case [x, *y]:\n",
    "x[x] = x\n",
    "x = {**x, 'a': x}\n",
    "x = f(x, *x, **x)\n",
    "@f\n",
    "global x\n",
    "x += x\n",
    "x = C().m(x).x\n",
    ")",
    "\u{e9}\u{1F600}",
    "yield x\n",
    "f(f)\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_program_is_survived_the_same_way_each_time(picks in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let (one, two) = (analyse("app.py", &text), analyse("app.py", &text));
        prop_assert_eq!(one.findings, two.findings);
        prop_assert_eq!(one.notes, two.notes);
    }

    #[test]
    fn any_text_is_survived(text in "(?s).{0,200}") {
        analyse("app.py", &text);
    }
}

#[test]
fn one_of_several_functions_is_followed_as_each() {
    holds(
        "def run(z):\n    pass\n\ndef run(z):\n    os.system(z)  # expect: command-injection\n\n\
        @app.route('/x')\ndef x():\n    run(request.args['c'])\n",
    );
    holds(
        "if os.name == 'nt':\n    def run(z):\n        return None\nelse:\n    def run(z):\n        \
        os.system(z)  # expect: command-injection\n\nrun(request.args['c'])\n",
    );
    holds(
        "def one(z):\n    os.system('ls')\n\ndef two(z):\n    os.system(z)  # expect: command-injection\n\n\
        TOOLS = {'one': one, 'two': two}\nTOOLS[request.args['name']](request.args['c'])\n",
    );
    // What only one of them tests is not tested.
    holds(
        "def ok(z):\n    return z in ('a', 'b')\n\nif os.name == 'nt':\n    def ok(z):\n        return True\n\n\
        c = request.args['c']\nif ok(c):\n    os.system(c)  # expect: command-injection\n",
    );
}

#[test]
fn calls_are_followed_however_many_stand_in_each_other() {
    for count in [3, 12, 40] {
        let calls = (0..count).map(|index| format!("def f{index}(v):\n    f{}(v)\n\n", index + 1));
        let chain: String = calls.collect();
        holds(&format!(
            "{chain}def f{count}(v):\n    os.system(v)  # expect: command-injection\n\nf0(request.args['x'])\n"
        ));
        let moved: String = (1..count).map(|index| format!("    a{} = a{index}\n", index - 1)).collect();
        let named: String = (0..count).map(|index| format!("a{index} = ''\n")).collect();
        let last = count - 1;
        holds(&format!(
            "{named}for i in range(99):\n{moved}    a{last} = request.args['x']\n\
            os.system(a0)  # expect: command-injection\n"
        ));
        let classes: String =
            (1..=count).map(|index| format!("class C{index}(C{}):\n    pass\n\n", index - 1)).collect();
        holds(&format!(
            "class C0:\n    def run(self, v):\n        os.system(v)  # expect: command-injection\n\n\
            {classes}C{count}().run(request.args['x'])\n"
        ));
    }
}

#[test]
fn methods_of_every_base_class_are_found() {
    holds(
        "class Named:\n    def name(self):\n        return 'a'\n\nclass Runs:\n    def run(self, v):\n        \
        os.system(v)  # expect: command-injection\n\nclass Both(Named, Runs):\n    pass\n\n\
        Both().run(request.args['x'])\n",
    );
}

#[test]
fn an_object_may_be_called() {
    holds(
        "class Run:\n    def __init__(self, name):\n        self.name = name\n\n    def __call__(self, v):\n        \
        os.system(self.name + v)  # expect: command-injection\n\nrun = Run('ls ')\nrun(request.args['x'])\n",
    );
}

#[test]
fn a_test_of_something_holds_only_where_it_was_passed() {
    holds(
        "import sys\nif not sys.argv[1]:\n    print('usage')\n\
        os.system('ls ' + sys.argv[1])  # expect: command-injection\n",
    );
    holds(
        "import sys\nif not sys.argv[1]:\n    sys.exit(1)\nos.system('ls ' + sys.argv[1])  # expect: command-injection\n",
    );
}

#[test]
fn what_a_called_function_reads_of_a_parameter_is_said_to_be_there() {
    let text = "const { exec } = require('child_process');\nconst app = require('express')();\n\
        const line = (given) => given.query;\napp.get('/', (req, res) => {\n  exec('ls ' + line(req).name);\n});\n";
    let findings = analyse("app.js", text).findings;
    let first = &findings[0].trace[0];
    assert_eq!((first.location.region.start_line, first.message.as_str()), (3, "`given` is read"));
}

#[test]
fn conditions_that_lead_to_many_others_end() {
    let level = |level: usize| {
        let from = if level == 0 { "True".to_owned() } else { format!("x{}", level - 1) };
        format!("    x{level} = {from}\n").repeat(12)
    };
    let levels: String = (0..10).map(level).collect();
    holds(&format!(
        "def f(v):\n{levels}    if x9:\n        os.system(v)  # expect: command-injection\n    \
        if not x9:\n        os.system(v)\n\nf(request.args['x'])\n"
    ));
}
