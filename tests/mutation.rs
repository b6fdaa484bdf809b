//! Findings are about the flow of data: of more than two hundred true ones, each goes away when the flow is broken (the
//! data is quoted, bound as a parameter, compared with a list, made a number, or no longer what is used), and each is
//! there before.

#![allow(clippy::unwrap_used)]

use weft::artifact::{Action, Content, Entry, Origin, Provenance, Role, Submission};
use weft::policy::Policy;
use weft::{Checks, built_in_rules, gate};

/// A weakness in one language: the code that data `x` ends in, and code that is its safe twin.
struct Sink {
    rule: &'static str,
    imports: &'static str,
    bad: &'static str,
    /// What uses `x` safely instead.
    good: &'static [&'static str],
}

/// How data gets from `source` into `x`; `helper` is a file of its own.
struct Way {
    before: &'static str,
    body: &'static str,
    helper: &'static str,
}

const PYTHON_SINKS: &[Sink] = &[
    Sink {
        rule: "command-injection",
        imports: "import os, shlex, subprocess\n",
        bad: "os.system('ping ' + x)",
        good: &["os.system('ping ' + shlex.quote(x))", "subprocess.run(['ping', x])"],
    },
    Sink {
        rule: "command-injection",
        imports: "import subprocess, shlex\n",
        bad: "subprocess.run(f'ls {x}', shell=True)",
        good: &[
            "subprocess.run(f'ls {shlex.quote(x)}', shell=True)",
            "subprocess.run(['ls', x], shell=False)",
        ],
    },
    Sink {
        rule: "sql-injection",
        imports: "import sqlite3\n",
        bad: "sqlite3.connect('a').cursor().execute('select * from t where a = ' + x)",
        good: &["sqlite3.connect('a').cursor().execute('select * from t where a = ?', (x,))"],
    },
    Sink {
        rule: "code-injection",
        imports: "import ast\n",
        bad: "eval(x)",
        good: &["ast.literal_eval(x)", "eval('1 + 1')"],
    },
    Sink {
        rule: "path-traversal",
        imports: "import os\n",
        bad: "open('/srv/files/' + x)",
        good: &["open('/srv/files/' + os.path.basename(x))"],
    },
    Sink {
        rule: "unsafe-deserialisation",
        imports: "import pickle, json\n",
        bad: "pickle.loads(x)",
        good: &["json.loads(x)"],
    },
    Sink {
        rule: "server-side-request-forgery",
        imports: "import requests\n",
        bad: "requests.get(x)",
        good: &[
            "requests.get('https://api.example.com/items/' + x)",
            "requests.get('https://api.example.com/', params={'q': x})",
        ],
    },
    Sink {
        rule: "cross-site-scripting",
        imports: "import html\nfrom flask import make_response\n",
        bad: "return make_response('<b>' + x)",
        good: &["return make_response('<b>' + html.escape(x))"],
    },
];

const PYTHON_SOURCES: &[&str] = &["request.args['q']", "request.form.get('q')"];

const PYTHON_WAYS: &[Way] = &[
    Way { before: "", body: "x = SOURCE", helper: "" },
    Way { before: "", body: "a = SOURCE\n    b = a\n    x = b.strip()", helper: "" },
    Way { before: "", body: "x = 'a' if request.method == 'GET' else SOURCE", helper: "" },
    Way { before: "", body: "d = {'k': SOURCE, 'other': 1}\n    x = d['k']", helper: "" },
    Way { before: "", body: "parts = []\n    parts.append(SOURCE)\n    x = ''.join(parts)", helper: "" },
    Way { before: "", body: "x, y = SOURCE, 1", helper: "" },
    Way { before: "def same(v):\n    return v\n", body: "x = same(SOURCE)", helper: "" },
    Way {
        before: "class Box:\n    def __init__(self, v):\n        self.v = v\n    def get(self):\n        return self.v\n",
        body: "x = Box(SOURCE).get()",
        helper: "",
    },
    Way { before: "", body: "try:\n        x = SOURCE\n    except KeyError:\n        x = ''", helper: "" },
    Way {
        before: "import helper\n",
        body: "x = helper.keep(SOURCE)",
        helper: "def keep(v, n=1):\n    w = v\n    return w\n",
    },
];

/// What breaks the flow between the way and the sink, whatever the sink.
const PYTHON_BREAKS: &[&str] = &[
    "x = int(x)",
    "x = 'fixed'",
    "if x not in ('a', 'b'):\n        return 'no'",
    "if not x.isdigit():\n        return 'no'",
];

const SCRIPT_SINKS: &[Sink] = &[
    Sink {
        rule: "command-injection",
        imports: "const cp = require('child_process');\n",
        bad: "cp.exec('ping ' + x)",
        good: &["cp.execFile('ping', [x])"],
    },
    Sink { rule: "code-injection", imports: "", bad: "eval(x)", good: &["JSON.parse(x)"] },
    Sink {
        rule: "path-traversal",
        imports: "const fs = require('fs');\nconst path = require('path');\n",
        bad: "fs.readFileSync('/srv/' + x)",
        good: &["fs.readFileSync('/srv/' + path.basename(x))"],
    },
    Sink {
        rule: "sql-injection",
        imports: "const mysql = require('mysql');\nconst db = mysql.createConnection({});\n",
        bad: "db.query('select * from t where a = ' + x)",
        good: &["db.query('select * from t where a = ?', [x])"],
    },
    Sink {
        rule: "server-side-request-forgery",
        imports: "const axios = require('axios');\n",
        bad: "axios.get(x)",
        good: &["axios.get('https://api.example.com/items/' + x)"],
    },
    Sink {
        rule: "cross-site-scripting",
        imports: "const escape = require('escape-html');\n",
        bad: "res.send('<b>' + x)",
        good: &["res.send('<b>' + escape(x))"],
    },
];

const SCRIPT_SOURCES: &[&str] = &["req.query.q", "req.body.name"];

const SCRIPT_WAYS: &[Way] = &[
    Way { before: "", body: "let x = SOURCE;", helper: "" },
    Way { before: "", body: "const a = SOURCE; let x = `${a}`.trim();", helper: "" },
    Way { before: "", body: "const o = { k: SOURCE, other: 1 }; let x = o.k;", helper: "" },
    Way { before: "", body: "let { k: x } = { k: SOURCE };", helper: "" },
    Way { before: "", body: "const parts = []; parts.push(SOURCE); let x = parts.join('');", helper: "" },
    Way { before: "const same = (v) => v;\n", body: "let x = same(SOURCE);", helper: "" },
    Way { before: "", body: "let x = req.ip ? SOURCE : 'a';", helper: "" },
    Way { before: "", body: "let x; try { x = SOURCE; } catch (e) { x = ''; }", helper: "" },
    Way {
        before: "async function wait(v) {\n  return v;\n}\n",
        body: "let x = await wait(SOURCE);",
        helper: "",
    },
    Way {
        before: "const helper = require('./helper');\n",
        body: "let x = helper.keep(SOURCE);",
        helper: "exports.keep = (v) => v;\n",
    },
];

const SCRIPT_BREAKS: &[&str] = &[
    "x = parseInt(x, 10);",
    "x = 'fixed';",
    "if (!['a', 'b'].includes(x)) return;",
    "if (x !== 'a' && x !== 'b') return;",
];

fn entry(path: &str, text: &str) -> Entry {
    Entry::new(path, Role::Code, Action::Create, Content::Bytes(text.as_bytes().into()))
}

/// Whether `rule` reports something in the program.
fn reports(checks: &Checks, rule: &str, files: &[(&str, String)]) -> bool {
    let mut policy = Policy::default();
    policy.gate.only = weft::policy::Stages { secrets: false, code: true, effects: false, deps: false };
    let submission = submission(files.iter().map(|(path, text)| entry(path, text)).collect());
    gate(&submission, checks, &policy, 1, false).0.findings.iter().any(|finding| finding.rule == rule)
}

fn submission(entries: Vec<Entry>) -> Submission {
    Submission {
        origin: Origin::Tree,
        provenance: Provenance::default(),
        entries,
        symlinks: Vec::new(),
        around: Vec::new(),
        notes: Vec::new(),
    }
}

fn python(sink: &Sink, way: &Way, source: &str, breaks: &str, used: &str) -> Vec<(&'static str, String)> {
    let breaks = if breaks.is_empty() { String::new() } else { format!("    {breaks}\n") };
    let app = format!(
        "from flask import Flask, request\n{}{}app = Flask(__name__)\n\n@app.route('/q')\ndef view():\n    {}\n{breaks}    {used}\n    return 'done'\n",
        sink.imports,
        way.before,
        way.body.replace("SOURCE", source),
    );
    vec![("app.py", app), ("helper.py", way.helper.to_owned())]
}

fn script(sink: &Sink, way: &Way, source: &str, breaks: &str, used: &str) -> Vec<(&'static str, String)> {
    let app = format!(
        "const express = require('express');\n{}{}const app = express();\napp.post('/q', async (req, res) => {{\n  {}\n  {breaks}\n  {used};\n}});\n",
        sink.imports,
        way.before,
        way.body.replace("SOURCE", source),
    );
    vec![("app.js", app), ("helper.js", way.helper.to_owned())]
}

type Program = fn(&Sink, &Way, &str, &str, &str) -> Vec<(&'static str, String)>;

/// Runs every combination; the number of true findings.
fn all(program: Program, sinks: &[Sink], ways: &[Way], sources: &[&str], breaks: &[&str]) -> usize {
    let checks = Checks::new(built_in_rules(), None).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for sink in sinks {
        for way in ways {
            for source in sources {
                count += 1;
                let written = program(sink, way, source, "", sink.bad);
                if !reports(&checks, sink.rule, &written) {
                    wrong.push(format!("not found: {}\n{}", sink.rule, written[0].1));
                }
                let twins = sink.good.iter().map(|good| ("", *good));
                for (broken, used) in breaks.iter().map(|broken| (*broken, sink.bad)).chain(twins) {
                    let written = program(sink, way, source, broken, used);
                    if reports(&checks, sink.rule, &written) {
                        wrong.push(format!("still found: {}\n{}", sink.rule, written[0].1));
                    }
                }
            }
        }
    }
    let shown: Vec<_> = wrong.iter().take(5).cloned().collect();
    assert!(wrong.is_empty(), "{} wrong of {count}:\n{}", wrong.len(), shown.join("\n"));
    count
}

#[test]
fn a_broken_flow_in_python_is_no_finding() {
    assert!(all(python, PYTHON_SINKS, PYTHON_WAYS, PYTHON_SOURCES, PYTHON_BREAKS) >= 160);
}

#[test]
fn a_broken_flow_in_javascript_is_no_finding() {
    assert!(all(script, SCRIPT_SINKS, SCRIPT_WAYS, SCRIPT_SOURCES, SCRIPT_BREAKS) >= 100);
}
