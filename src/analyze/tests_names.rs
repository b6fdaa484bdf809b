//! Names that files take from each other: as a whole, of libraries, of several definitions, of classes under others.

use super::tests_linked::holds;

const MARK: &str = "expect: command-injection";

/// A view that calls `run` as it is imported.
fn view(import: &str, call: &str) -> String {
    format!("from flask import request\n{import}\n\ndef view():\n    {call}\n")
}

fn route(import: &str, call: &str) -> String {
    format!(
        "{import}\nimport express from 'express';\nconst app = express();\napp.get('/', (req, res) => {{\n  {call}\n}});\n"
    )
}

#[test]
fn all_names_of_a_module() {
    let app = view("from helpers import *", "run(request.args['x'])");
    let run = format!("import os\ndef run(x):\n    os.system(x)  # {MARK}\n");
    holds(&[("app.py", &app), ("helpers.py", &run)]);
    holds(&[("app.py", &app), ("helpers.py", "def run(x):\n    return x\n")]);
    // Any of two, and by way of a package.
    let two = view("from other import *\nfrom helpers import *", "run(request.args['x'])");
    holds(&[("app.py", &two), ("helpers.py", &run), ("other.py", "def go(x):\n    pass\n")]);
    let package = view("import tools", "tools.run(request.args['x'])");
    let whole = "from .left import *\nfrom .shell import *\n";
    holds(&[
        ("app.py", &package),
        ("tools/__init__.py", whole),
        ("tools/left.py", "from . import *\nfrom .shell import *\n"),
        ("tools/shell.py", &run),
    ]);
    let library = view("from os import *", &format!("system(request.args['x'])  # {MARK}"));
    holds(&[("app.py", &library)]);
    let through = view("from tools import system", &format!("system(request.args['x'])  # {MARK}"));
    holds(&[("app.py", &through), ("tools.py", "from os import *\n")]);
}

#[test]
fn functions_of_libraries_under_other_names() {
    let check = |tools: &str, call: &str| {
        holds(&[("app.py", &view("from tools import run, clean", call)), ("tools.py", tools)]);
    };
    let found = |call: &str| format!("{call}  # {MARK}");
    let shell = "from shlex import quote as clean\n";
    for run in ["from os import system as run", "import os\nrun = os.system"] {
        check(&format!("{shell}{run}\n"), &found("run(request.args['x'])"));
        check(&format!("{shell}{run}\n"), "run('ls ' + clean(request.args['x']))");
    }
    let run = format!("{shell}from subprocess import run\n");
    check(&run, &found("run('ls ' + request.args['x'], shell=True)"));
    check(&run, &found("run(['sh', '-c', request.args['x']])"));
    check(&run, "run(['ls', request.args['x']])");
    check(&run, "run(['ls', request.args['x']], shell=False)");
    let class = "import os\ndef clean(x):\n    pass\nclass run:\n    shell = os.system\n";
    check(class, &found("run.shell(request.args['x'])"));
    let js = |module: &str, import: &str, call: &str| {
        holds(&[("app.js", &route(import, call)), ("run.js", module)]);
    };
    let named = "import { run } from './run';";
    let call = "run(req.query.x); // expect: command-injection";
    js("export { exec as run } from 'child_process';\n", named, call);
    js("import { exec } from 'child_process';\nexport const run = exec;\n", named, call);
    js("import { exec } from 'child_process';\nexport { exec as run };\n", named, call);
    js(
        "import { exec } from 'child_process';\nimport { promisify } from 'util';\nexport const run = promisify(exec);\n",
        named,
        call,
    );
    js("const cp = require('child_process');\nmodule.exports = { run: cp.exec };\n", named, call);
    js("import { exec } from 'child_process';\nexport default exec;\n", "import run from './run';", call);
    js("export * from 'child_process';\n", "import { exec as run } from './run';", call);
    js(
        "export * as cp from 'child_process';\n",
        "import { cp } from './run';",
        &call.replace("run", "cp.exec"),
    );
    js(
        "import { exec } from 'child_process';\nexport const sh = { run: exec };\n",
        "import { sh } from './run';",
        &call.replace("run", "sh.run"),
    );
    js(
        "import { execFile } from 'child_process';\nexport const run = execFile;\n",
        named,
        "run('ls', [req.query.x]);",
    );
}

#[test]
fn a_name_of_several_definitions() {
    let app = view("from tools import run", "run(request.args['x'])");
    let run = format!("def run(x):\n        os.system(x)  # {MARK}\n");
    for before in ["def run(x):\n        pass\n", "run = print\n", "from fast import run\n"] {
        let branch = format!("import os\nif os.name == 'nt':\n    {before}else:\n    {run}");
        holds(&[("app.py", &app), ("tools.py", &branch)]);
        let attempt = format!("import os\ntry:\n    {before}except ImportError:\n    {run}");
        holds(&[("app.py", &app), ("tools.py", &attempt)]);
    }
    let route = route("import { run } from './run';", "run(req.query.x);");
    let module = "import { exec } from 'child_process';\nexport let run = () => {};\nrun = (x) => {\n  exec(x); // expect: command-injection\n};\n";
    holds(&[("app.js", &route), ("run.js", module)]);
    let module = "export { run };\nimport { exec } from 'child_process';\nconst run = (x) => {\n  exec(x); // expect: command-injection\n};\n";
    holds(&[("app.js", &route), ("run.js", module)]);
}

#[test]
fn constructors_of_other_files() {
    let app = view("from shell import Shell", "Shell(request.args['x'])");
    holds(&[
        ("app.py", &app),
        (
            "shell.py",
            &format!("import os\nclass Shell:\n    def __init__(self, x):\n        os.system(x)  # {MARK}\n"),
        ),
    ]);
    holds(&[
        ("app.py", &app),
        (
            "shell.py",
            &format!(
                "import os\nclass Shell:\n    def __init__(self, x):\n        self.x = x\n        self.go()\n    def go(self):\n        os.system(self.x)  # {MARK}\n"
            ),
        ),
    ]);
    holds(&[
        ("app.js", &route("import { Shell } from './shell';", "new Shell(req.query.x);")),
        (
            "shell.js",
            "import { exec } from 'child_process';\nexport class Shell {\n  constructor(x) {\n    exec(x); // expect: command-injection\n  }\n}\n",
        ),
    ]);
}

#[test]
fn methods_of_classes_above_and_below() {
    let base = format!("import os\nclass Base:\n    def go(self, x):\n        os.system(x)  # {MARK}\n");
    for call in ["self.go(request.args['x'])", "super().go(request.args['x'])"] {
        let app = format!(
            "from flask import request\nfrom base import Base\nclass Job(Base):\n    def get(self):\n        {call}\n"
        );
        holds(&[("app.py", &app), ("base.py", &base)]);
    }
    let shell = format!(
        "import os\nfrom base import Job\nclass Shell(Job):\n    def run(self, x):\n        os.system(x)  # {MARK}\n"
    );
    let app = view("from shell import Shell", "Shell().go(request.args['x'])");
    for body in ["...", "raise NotImplementedError", "pass"] {
        let base = format!(
            "class Job:\n    def go(self, x):\n        self.run(x)\n    def run(self, x):\n        {body}\n"
        );
        holds(&[("app.py", &app), ("base.py", &base), ("shell.py", &shell)]);
        let typed = "from flask import request\nfrom base import Job\ndef view(job: Job):\n    job.run(request.args['x'])\n";
        holds(&[("app.py", typed), ("base.py", &base), ("shell.py", &shell)]);
    }
    // One that does something is not a place for others.
    let base = "class Job:\n    def go(self, x):\n        self.run(x)\n    def run(self, x):\n        print(len(x))\n";
    holds(&[
        ("app.py", &view("from base import Job", "Job().run(request.args['x'])")),
        ("base.py", base),
        (
            "shell.py",
            "import os\nfrom base import Job\nclass Shell(Job):\n    def run(self, x):\n        os.system(x)\n",
        ),
    ]);
    let shell = "import { exec } from 'child_process';\nimport { Job } from './job';\nexport class Shell HOW Job {\n  run(c: string) {\n    exec(c); // expect: command-injection\n  }\n}\n";
    holds(&[
        (
            "job.ts",
            "export abstract class Job {\n  go(c: string) { this.run(c); }\n  abstract run(c: string): void;\n}\n",
        ),
        ("shell.ts", &shell.replace("HOW", "extends")),
        ("app.ts", &route("import { Shell } from './shell';", "new Shell().go(req.query.x as string);")),
    ]);
    let app = "import type { Job } from './job';\nimport express from 'express';\nconst app = express();\nfunction handle(job: Job, c: string) { job.run(c); }\nexport function setup(job: Job) {\n  app.get('/', (req, res) => { handle(job, req.query.x); });\n}\n";
    holds(&[
        ("job.ts", "export interface Job { run(c: string): void; }\n"),
        ("shell.ts", &shell.replace("HOW", "implements")),
        ("app.ts", app),
    ]);
}

#[test]
fn namespaces() {
    let tools = "import { exec } from 'child_process';\nexport namespace Tools {\n  export function run(c: string) {\n    exec(c); // expect: command-injection\n  }\n  export const quiet = (c: string) => c.length;\n}\n";
    let app = |call: &str| route("import { Tools } from './tools';", call);
    holds(&[("tools.ts", tools), ("app.ts", &app("Tools.run(req.query.x as string);"))]);
    let quiet = tools.replace(" // expect: command-injection", "");
    holds(&[("tools.ts", &quiet), ("app.ts", &app("Tools.quiet(req.query.x as string);"))]);
    let same = route(
        "import { exec } from 'child_process';\nnamespace A.B { export function run(c: string) {\n  exec(c); // expect: command-injection\n} }\nnamespace A { export const go = (c: string) => c; }\n",
        "A.go(req.query.x as string); A.B.run(req.query.x as string);",
    );
    holds(&[("app.ts", &same)]);
}

#[test]
fn what_an_object_was_made_of_is_in_the_fields_that_hold_it() {
    let class = "import os\n\nclass Base:\n    def __init__(self, data, name=None):\n        self.data = data\n        \
        self.name = name\n        self.seen = None\n    def read(self):\n        self.seen = self.data['x']\n    \
        def by_field(self):\n        os.system(self.data)@1\n    def by_other(self):\n        os.system(self.name)@2\n    \
        def by_made(self):\n        os.system(self.seen)@3\n    def by_class(self):\n        self.seen = {}\n        \
        os.system(self.kind)@4\n    def by_method(self):\n        self.note = 'x'\n        self.by_other()\n";
    let check = |made: &str, method: &str, found: Option<&str>| {
        let app = view("from base import Base", &format!("{made}\n    base.{method}()"));
        let mark = |class: String, at: &str| {
            class.replace(at, if found == Some(at) { "  # expect: command-injection" } else { "" })
        };
        let class = ["@1", "@2", "@3", "@4"].into_iter().fold(class.to_owned(), mark);
        holds(&[("app.py", &app), ("base.py", &class)]);
        let below = view(
            "from base import Base as Above\n\nclass Base(Above):\n    kind = 'k'\n",
            &format!("{made}\n    base.{method}()"),
        );
        holds(&[("app.py", &below), ("base.py", &class)]);
    };
    let made = "base = Base(request.args)";
    check(made, "by_field", Some("@1"));
    check(made, "by_other", None);
    check(made, "by_made", Some("@3"));
    check(made, "by_class", None);
    check(made, "by_method", None);
    check("base = Base({}, name=request.args['x'])", "by_other", Some("@2"));
    check("base = Base({}, request.args['x'])", "by_method", Some("@2"));
    check("base = Base({}, request.args['x'])", "by_field", None);
}

#[test]
fn what_a_class_leaves_to_those_below_it_is_of_one_object() {
    let base = "class Store:\n    def load(self):\n        raise NotImplementedError\n    def save(self, x):\n        \
        raise NotImplementedError\n    def copy(self):\n        self.save(self.load())\n";
    let web = "from flask import request\nfrom store import Store\n\nclass Web(Store):\n    def load(self):\n        \
        return request.args['x']\n";
    let shell = |mark: &str| {
        format!(
            "import os\nfrom store import Store\n\nclass Shell(Store):\n    def save(self, x):\n        os.system(x){mark}\n"
        )
    };
    // One that does both, or one of each: what is called is known.
    let mark = format!("  # {MARK}");
    holds(&[("store.py", base), ("web.py", web), ("shell.py", &shell(&mark))]);
    // Which of two is loaded from is not.
    let other = web.replace("Web", "Other");
    holds(&[("store.py", base), ("web.py", web), ("other.py", &other), ("shell.py", &shell(""))]);
    // A parameter that is declared to be one of an interface is any of its classes.
    let interface = "class Runner:\n    def run(self, x):\n        ...\n";
    let app = "from flask import request\nfrom fastapi import Depends\nfrom runner import Runner\n\ndef view(runner: Runner = \
        Depends()):\n    runner.run(request.args['x'])\n";
    let one = |name: &str| {
        format!(
            "import os\nfrom runner import Runner\n\nclass {name}(Runner):\n    def run(self, x):\n        os.system(x){mark}\n"
        )
    };
    holds(&[("runner.py", interface), ("app.py", app), ("a.py", &one("A")), ("b.py", &one("B"))]);
}
