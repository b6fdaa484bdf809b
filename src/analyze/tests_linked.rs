//! Data that goes through several files.

use super::tests::linked;

/// Checks several files against the `expect:` comments in them.
pub(super) fn holds(files: &[(&str, &str)]) {
    let mut found: Vec<(String, u32, String)> = linked(files)
        .into_iter()
        .map(|finding| (finding.location.path, finding.location.region.start_line, finding.rule))
        .collect();
    found.sort();
    found.dedup();
    let mut expected = Vec::new();
    for (path, text) in files {
        for (index, line) in text.lines().enumerate() {
            if let Some((_, rule)) = line.split_once("expect: ") {
                expected.push(((*path).to_owned(), index as u32 + 1, rule.trim().to_owned()));
            }
        }
    }
    expected.sort();
    assert_eq!(found, expected);
}

const VIEW: &str =
    "from flask import request\nfrom helpers import run\n\ndef view():\n    run(request.args['x'])\n";

#[test]
fn a_function_of_another_file_is_handed_request_data() {
    holds(&[
        ("app.py", VIEW),
        ("helpers.py", "import os\ndef run(x):\n    os.system(x)  # expect: command-injection\n"),
    ]);
    holds(&[("app.py", VIEW), ("helpers.py", "import os\ndef run(x):\n    os.system('date')\n")]);
    holds(&[
        ("app.py", VIEW),
        ("helpers.py", "import os, shlex\ndef run(x):\n    os.system('ls ' + shlex.quote(x))\n"),
    ]);
}

#[test]
fn the_way_is_shown_through_both_files() {
    let files = [("app.py", VIEW), ("helpers.py", "import os\ndef run(x):\n    os.system(x)\n")];
    let findings = linked(&files);
    let way: Vec<_> = findings[0]
        .trace
        .iter()
        .map(|step| (step.location.path.as_str(), step.location.region.start_line, step.message.as_str()))
        .collect();
    assert_eq!(
        way,
        [
            ("app.py", 5, "`request.args` is read"),
            ("app.py", 5, "is handed to `run`"),
            ("helpers.py", 3, "reaches `os.system`"),
        ]
    );
}

#[test]
fn data_comes_back_from_another_file() {
    let view = |sink: &str| {
        format!(
            "import os\nfrom flask import request\nfrom helpers import change, Thing\nimport helpers\n\ndef view():\n    {sink}\n"
        )
    };
    let helpers = "\
import html
def change(x, y=1):
    return f'ls {x}'
def fixed(x):
    return 'ls'
def wrap(x):
    return html.escape(x)
class Thing:
    def say(self, x):
        return x
    def still(self, x):
        return 'a'
def make():
    return Thing()
";
    let check = |sink: &str| holds(&[("app.py", &view(sink)), ("helpers.py", helpers)]);
    check("os.system(change(request.args['x']))  # expect: command-injection");
    check("os.system(change('a', y=request.args['x']))");
    check("os.system(change(x=request.args['x']))  # expect: command-injection");
    check("os.system(helpers.fixed(request.args['x']))");
    check("os.system(helpers.wrap(request.args['x']))  # expect: command-injection");
    check("os.system(Thing().say(request.args['x']))  # expect: command-injection");
    check("os.system(Thing().still(request.args['x']))");
    check("os.system(helpers.make().say(request.args['x']))  # expect: command-injection");
    check("os.system(helpers.make().still(request.args['x']))");
    check("os.system(helpers.unknown(request.args['x']))  # expect: command-injection");
}

#[test]
fn a_source_in_another_file() {
    let reads = "from flask import request\ndef name():\n    return request.args['x']\ndef two():\n    return name()\n";
    let uses = |call: &str| {
        format!("import os, inputs\ndef view():\n    os.system({call})  # expect: command-injection\n")
    };
    holds(&[("app.py", &uses("inputs.name()")), ("inputs.py", reads)]);
    holds(&[("app.py", &uses("inputs.two()")), ("inputs.py", reads)]);
    holds(&[("app.py", "import os, inputs\nos.system(inputs.other())\n"), ("inputs.py", reads)]);
}

#[test]
fn through_packages_and_a_third_file() {
    holds(&[
        (
            "web/app.py",
            "from flask import request\nfrom .core import go\n\ndef view():\n    go(request.args['x'])\n",
        ),
        ("web/core/__init__.py", "from .shell import start as go\n"),
        ("web/core/shell.py", "from ..low import do\n\ndef start(x):\n    do('ls ' + x)\n"),
        ("web/low.py", "import os\ndef do(cmd):\n    os.system(cmd)  # expect: command-injection\n"),
    ]);
}

#[test]
fn files_that_import_each_other() {
    holds(&[
        (
            "a.py",
            "from flask import request\nimport b\ndef view():\n    b.f(request.args['x'], 3)\ndef g(x, n):\n    b.f(x, n)\n",
        ),
        (
            "b.py",
            "import os, a\ndef f(x, n):\n    if n:\n        a.g(x, n - 1)\n    os.system(x)  # expect: command-injection\n",
        ),
    ]);
}

#[test]
fn inherited_from_another_file() {
    holds(&[
        (
            "base.py",
            "import os\nclass Base:\n    def run(self, x):\n        os.system(x)  # expect: command-injection\n",
        ),
        ("mid.py", "from base import Base\nclass Mid(Base):\n    pass\n"),
        (
            "app.py",
            "from flask import request\nfrom mid import Mid\ndef view():\n    Mid().run(request.args['x'])\n",
        ),
    ]);
}

#[test]
fn modules_of_javascript() {
    let routes = |import: &str, call: &str| {
        format!(
            "{import}\nconst express = require('express');\nconst app = express();\napp.get('/', (req, res) => {{\n  {call};\n}});\n"
        )
    };
    let sink = "const cp = require('child_process');\n";
    let check = |import: &str, call: &str, module: &str| {
        holds(&[("src/app.js", &routes(import, call)), ("src/lib/run.js", &format!("{sink}{module}"))])
    };
    let run = "exports.run = (x) => {\n  cp.exec(x); // expect: command-injection\n};\n";
    check("const { run } = require('./lib/run');", "run(req.query.x)", run);
    check("const lib = require('./lib/run.js');", "lib.run(req.query.x)", run);
    check("import { run as go } from './lib/run';", "go(req.query.x)", run);
    check("import * as lib from './lib/run';", "lib.run('a')", "export function run(x) { cp.exec(x); }\n");
    check(
        "import run from './lib/run';",
        "run(req.query.x)",
        "export default function run(x) {\n  cp.exec(x); // expect: command-injection\n}\n",
    );
    check(
        "const run = require('./lib/run');",
        "run(req.query.x)",
        "module.exports = function (x) {\n  cp.exec(x); // expect: command-injection\n};\n",
    );
    check(
        "const { Shell } = require('./lib/run');",
        "new Shell().run(req.query.x)",
        "class Shell {\n  run(x) {\n    cp.exec(x); // expect: command-injection\n  }\n}\nmodule.exports = { Shell };\n",
    );
}

#[test]
fn parts_of_arguments_stay_apart() {
    let routes = |call: &str| {
        format!(
            "import express from 'express';\nimport {{ run }} from './middle';\nconst app = express();\napp.get('/', (req, res) => {{\n  const x = req.query.x;\n  {call}\n}});\n"
        )
    };
    let middle = "import { go } from './last';\nexport function run(options) {\n  return go(options);\n}\n";
    let last = |mark: &str| {
        format!(
            "import cp from 'child_process';\nexport function go({{ command, label }}) {{\n  cp.exec(command);{mark}\n  return label;\n}}\n"
        )
    };
    let found = last(" // expect: command-injection");
    let quiet = last("");
    let check = |call: &str, last: &str| {
        holds(&[("src/app.js", &routes(call)), ("src/middle.js", middle), ("src/last.js", last)]);
    };
    check("run({ command: 'ls', label: x });", &quiet);
    check("run({ command: x, label: 'a' });", &found);
    check("run(req.query);", &found);
    check("const options = { command: 'ls' }; options.label = x; run(options);", &quiet);
    check("const options = { command: 'ls' }; options[x] = x; run(options);", &found);
    check("run({ ...req.query, command: 'ls' });", &found);
    let python = |call: &str| {
        format!(
            "from flask import request\nfrom helpers import run, named\n\ndef view():\n    x = request.args['x']\n    {call}\n"
        )
    };
    let helpers = |one: &str, two: &str| {
        format!(
            "import os\ndef run(options):\n    os.system(options['cmd']){one}\ndef named(**options):\n    os.system(options['cmd']){two}\n"
        )
    };
    let mark = "  # expect: command-injection";
    let check = |call: &str, one: &str, two: &str| {
        holds(&[("app.py", &python(call)), ("helpers.py", &helpers(one, two))]);
    };
    check("run({'cmd': 'ls', 'name': x})", "", "");
    check("run({'cmd': x})", mark, "");
    check("run(dict(cmd=x))", mark, "");
    check("named(name=x)", "", "");
    check("named(cmd=x)", "", mark);
    check("named(**request.args)", "", mark);
}

#[test]
fn a_constructor_is_given_objects_of_other_files() {
    let controller = "import { Controller, Post, Body } from '@nestjs/common';\nimport { UserService } from './user.service';\n@Controller('u')\nexport class UserController {\n  constructor(private readonly users: UserService) {}\n  @Post()\n  find(@Body() dto: any) {\n    return this.users.findOne(dto);\n  }\n  @Post('run')\n  run(@Body('name') name: string) {\n    return this.users.run('a', name);\n  }\n}\n";
    let service = "import { exec } from 'child_process';\nimport { Repository } from 'typeorm';\nexport class UserService {\n  constructor(private readonly users: Repository<User>) {}\n  findOne(dto: any) {\n    return this.users.findOne({ where: dto });\n  }\n  run(flag: string, name: string) {\n    exec('ls ' + flag);\n    exec('ls ' + name); // expect: command-injection\n  }\n}\n";
    holds(&[("src/user.controller.ts", controller), ("src/user.service.ts", service)]);
    holds(&[
        ("src/user.controller.ts", &controller.replace("private readonly users", "readonly users")),
        ("src/user.service.ts", service),
    ]);
    holds(&[
        (
            "app.py",
            "from fastapi import Depends, FastAPI\nfrom services import Runner\napp = FastAPI()\n@app.get('/')\ndef view(name: str, runner: Runner = Depends()):\n    return runner.run(name)\n",
        ),
        (
            "services.py",
            "import os\nclass Runner:\n    def run(self, x):\n        os.system(x)  # expect: command-injection\n",
        ),
    ]);
    holds(&[
        (
            "app.py",
            "from flask import request\nfrom services import Runner\nclass View:\n    def __init__(self, runner: Runner):\n        self.runner = runner\n    def get(self):\n        return self.runner.run(request.args['x'])\n",
        ),
        (
            "services.py",
            "import os\nclass Runner:\n    def run(self, x):\n        os.system(x)  # expect: command-injection\n",
        ),
    ]);
}
