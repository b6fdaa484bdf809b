//! Objects of classes of the file: what their constructors keep of what they are given.

use super::tests::{expected, holds, reported};

/// A handler in Python after some classes.
fn python(classes: &str, calls: &str) {
    let calls: String = calls.lines().map(|line| format!("    {line}\n")).collect();
    holds(&format!("{classes}def view():\n    x = request.args['x']\n{calls}"));
}

/// A handler in JavaScript after some classes.
fn script(classes: &str, calls: &str) {
    let text = format!(
        "const express = require('express'), cp = require('child_process');\nconst app = express();\n{classes}app.get('/', (req, res) => {{\n  const x = req.query.x;\n{calls}}});\n"
    );
    assert_eq!(reported("app.js", &text), expected(&text), "{text}");
}

const EXPECT: &str = "# expect: command-injection";

#[test]
fn records_keep_their_fields_apart() {
    for (head, class) in [
        ("from dataclasses import dataclass\n", "@dataclass(frozen=True)\nclass P:\n"),
        ("import attr\n", "@attr.s(auto_attribs=True)\nclass P:\n"),
        ("from typing import NamedTuple\n", "class P(NamedTuple):\n"),
    ] {
        let classes = format!(
            "{head}{class}    name: str\n    mode: str = 'r'\n    def shown(self):\n        os.system(self.name)  {EXPECT}\n    def moded(self):\n        os.system(self.mode)\n"
        );
        python(
            &classes,
            &format!(
                "p = P(x)\nos.system(p.name)  {EXPECT}\nos.system(p.mode)\nos.system(P(name='a', mode=x).name)\nos.system(P('a', mode=x).mode)  {EXPECT}\nos.system(P(**request.args).name)  {EXPECT}\np.shown()\np.moded()\nos.system(str(p))  {EXPECT}\n"
            ),
        );
    }
}

#[test]
fn a_model_converts_what_it_is_given() {
    python(
        "from pydantic import BaseModel\nclass A(BaseModel):\n    name: str\nclass M(A):\n    count: int\n",
        &format!(
            "m = M(name=x, count=x)\nos.system(m.name)  {EXPECT}\nos.system(m.count)\nos.system(M(**request.json).count)\n"
        ),
    );
    holds(&format!(
        "from fastapi import FastAPI\nfrom pydantic import BaseModel\nclass Owner(BaseModel):\n    name: str\n    age: int\nclass M(BaseModel):\n    name: str\n    count: int\n    owner: Owner\napp = FastAPI()\n@app.post('/m')\ndef view(m: M):\n    os.system(m.name)  {EXPECT}\n    os.system(m.count)\n    os.system(m.owner.age)\n    os.system(m.owner.name)  {EXPECT}\n    os.system(m.json())  {EXPECT}\n"
    ));
}

#[test]
fn a_constructor_keeps_arguments_in_fields() {
    let classes = format!(
        "class Base:\n    def __init__(self, name, mode='r'):\n        self.name = name\n        self.mode = mode\n    def run(self):\n        os.system(self.name)  {EXPECT}\n    def other(self):\n        os.system(self.mode)\nclass Sub(Base):\n    def __init__(self, name, extra):\n        super().__init__(name)\n        self.extra = extra\n    @property\n    def full(self):\n        return self.extra + self.name\nclass Old(Base):\n    def __init__(self, name):\n        Base.__init__(self, 'a', name)\ndef handed(o):\n    os.system(o.extra)\n    os.system(o.name)  {EXPECT}\n"
    );
    python(
        &classes,
        &format!(
            "s = Sub(x, 'a')\ns.run()\ns.other()\nhanded(s)\nos.system(s.full)  {EXPECT}\nos.system(s.extra)\nos.system(Old(x).name)\nos.system(Old(x).mode)  {EXPECT}\n"
        ),
    );
    script(
        "class P {\n  constructor(q, s) { this.q = q; this.s = s; }\n  go() {\n    return cp.exec(this.q);\n  }\n  all() {\n    cp.exec(this.s); // expect: command-injection\n  }\n}\nclass R extends P {\n  constructor(s) { super('a', s); }\n}\n",
        "  new P(this, x).go();\n  new P(this, x).all();\n  new R(x).go();\n  cp.exec(new R(x).s); // expect: command-injection\n  cp.exec(`${new P(x)}`); // expect: command-injection\n",
    );
}

#[test]
fn what_a_constructor_does_unseen_may_be_in_any_field() {
    for constructor in [
        "        self.__dict__.update(kw)  # expect: mass-assignment\n",
        "        for k, v in kw.items():\n            setattr(self, k, v)  # expect: unsafe-reflection\n",
        "        load(self, kw)\n",
        "        super().__init__(**kw)\n",
    ] {
        python(
            &format!(
                "from elsewhere import Base, load\nclass C(Base):\n    def __init__(self, **kw):\n        self.a = 'a'\n{constructor}    def run(self):\n        os.system(self.name)  {EXPECT}\n"
            ),
            "C(name=x).run()\n",
        );
    }
    python(
        &format!(
            "class C:\n    def __init__(self, q):\n        self.items = []\n        self.items.append(q)\n        self.q = q\n        self.build()\n    def build(self):\n        self.sql = 'x' + self.q\n    def run(self):\n        os.system(self.sql)  {EXPECT}\n    def all(self):\n        for item in self.items:\n            os.system(item)  {EXPECT}\n    def __getitem__(self, key):\n        return self.q\n    def __call__(self):\n        return self.q\n"
        ),
        &format!("C(x).run()\nC(x).all()\nos.system(C(x)['a'])  {EXPECT}\nos.system(C(x)())  {EXPECT}\n"),
    );
    script(
        "class R {\n  constructor(x) { Object.assign(this, { x }); }\n  run() {\n    cp.exec(this.x); // expect: command-injection\n  }\n}\nclass S {\n  constructor(x) { if (x) { this.v = x } else { this.v = 'b' } }\n  run() {\n    cp.exec(this.v); // expect: command-injection\n  }\n}\nclass T {\n  constructor(x) { const self = this; self.v = x }\n  run() {\n    cp.exec(this.v); // expect: command-injection\n  }\n}\nclass L {\n  constructor(x) { this.v = ''; load().then(() => { this.v = x }) }\n  run() {\n    cp.exec(this.v); // expect: command-injection\n  }\n}\n",
        "  new R(x).run();\n  new S(x).run();\n  new T(x).run();\n  new L(x).run();\n",
    );
}

#[test]
fn a_collection_of_the_programs_own_lists_what_is_allowed() {
    for (list, tainted) in [
        ("allowed = load_allowed()\n", false),
        ("allowed = [n for n in os.listdir('/srv')]\n", false),
        ("allowed = {'a': f(), 'b': g()}\n", false),
        ("allowed = set(names())\n", false),
        ("allowed = request.args['list']\n", true),
        ("allowed = 'abc'\n", true),
        ("allowed = open('/srv/list').read()\n", true),
        ("allowed = f'{load()} and more'\n", true),
        ("allowed = globals()\n", true),
        ("allowed = page.text\n", true),
        ("allowed = {}\nallowed[x] = 1\n", true),
        ("allowed = []\nallowed.append(x)\n", true),
    ] {
        let mark = if tainted { EXPECT } else { "" };
        python("", &format!("{list}if x in allowed:\n    os.system(x)  {mark}\n"));
        python("", &format!("{list}if x not in allowed:\n    return\nos.system(x)  {mark}\n"));
    }
    python("", &format!("if 'a' in x:\n    os.system(x)  {EXPECT}\n"));
    python(
        "seen = set()\ndef mark(n):\n    seen.add(n)\n",
        &format!("if x in seen:\n    os.system(x)  {EXPECT}\n"),
    );
    for (test, tainted) in [
        ("const list = load(); if (list.includes(x))", false),
        ("const list = new Set(load()); if (list.has(x))", false),
        ("const table = load(); if (x in table)", false),
        ("const list = fs.readFileSync('/srv/list', 'utf8'); if (list.includes(x))", true),
        ("const list = `${load()}`; if (list.includes(x))", true),
        ("const list = load().toLowerCase(); if (list.includes(x))", true),
        ("const list = req.query.list; if (list.includes(x))", true),
        ("const table = {}; table[key()] = 1; if (x in table)", true),
        ("if (x.includes('a'))", true),
    ] {
        let mark = if tainted { "// expect: command-injection" } else { "" };
        script("const fs = require('fs');\n", &format!("  {test} {{\n    cp.exec(x); {mark}\n  }}\n"));
    }
}

#[test]
fn a_folder_among_the_parents_holds_a_path() {
    let text = |test: &str| {
        format!(
            "from pathlib import Path\nfrom flask import request\nBASE = Path('/srv')\ndef view():\n    path = (BASE / request.args['x']){test}\n"
        )
    };
    let check = |text: &str| assert_eq!(reported("app.py", text), expected(text), "{text}");
    check(&text(".resolve()\n    if BASE in path.parents:\n        open(path)"));
    check(&text(".resolve()\n    if BASE not in path.parents:\n        return\n    open(path)"));
    check(&text(
        ".resolve()\n    if BASE in path.parents:\n        return\n    open(path)  # expect: path-traversal",
    ));
    check(&text("\n    if BASE in path.parents:\n        open(path)  # expect: path-traversal"));
}

#[test]
fn an_address_stays_on_the_host_of_its_base() {
    for (address, tainted) in [
        ("new URL('/login', req.query.base)", true),
        ("new URL(`/login/${req.query.id}`, 'https://a.example')", false),
        ("new URL(req.query.to, 'https://a.example')", true),
        ("new URL(`/${req.query.to}`, 'https://a.example')", true),
        ("new URL('https://a.example/x', req.query.to)", false),
    ] {
        let text = format!(
            "const express = require('express');\nconst app = express();\napp.get('/', (req, res) => {{\n  fetch({address});\n}});\n"
        );
        let found = reported("app.js", &text).iter().any(|(_, rule)| rule == "server-side-request-forgery");
        assert_eq!(found, tainted, "{address}");
    }
}

#[test]
fn a_response_may_be_said_to_be_no_page_later() {
    let check = |made: &str, then: &str, tainted: bool| {
        let text = format!(
            "from flask import request, make_response, Response\nfrom django.http import HttpResponse\nfrom app import app\ndef view():\n    x = request.args['x']\n    r = {made}\n{then}    return r\n"
        );
        let found = reported("app.py", &text).iter().any(|(_, rule)| rule == "cross-site-scripting");
        assert_eq!(found, tainted, "{text}");
    };
    for made in ["make_response(x)", "Response(x)", "HttpResponse(x)"] {
        check(made, "", true);
        check(made, "    r.mimetype = 'text/plain'\n", false);
        check(made, "    r.content_type = 'application/json'\n", false);
        check(made, "    r.headers['Content-Type'] = 'text/plain; charset=utf-8'\n", false);
        check(made, "    r['Content-Type'] = 'text/csv'\n", false);
        check(made, "    r['Content-Type'] = 'text/html'\n", true);
        check(made, "    if x:\n        r.mimetype = 'text/plain'\n", true);
        check(made, "    r.headers['X-Kind'] = 'text/plain'\n", true);
    }
}

#[test]
fn a_path_without_dots_may_still_be_absolute() {
    let check = |text: &str| assert_eq!(reported("app.py", text), expected(text), "{text}");
    let program = |body: &str| {
        format!("import os\nfrom flask import request\ndef view():\n    x = request.args['x']\n{body}\n")
    };
    let mark = "  # expect: path-traversal";
    let refuse = "    if '..' in x:\n        return\n";
    check(&program(&format!("{refuse}    open(os.path.join('/srv', x)){mark}")));
    check(&program(&format!("{refuse}    open(x){mark}")));
    check(&program(&format!("{refuse}    open('/srv/' + x)")));
    check(&program(&format!("{refuse}    open(f'{{root()}}/{{x}}.txt')")));
    check(&program(&format!("{refuse}    open('/srv/%s' % x)")));
    check(&program("    p = '/srv/' + x\n    if '../' in p:\n        return\n    open(p)"));
    check(&program(&format!(
        "{refuse}    if x.startswith('/'):\n        return\n    open(os.path.join('/srv', x))"
    )));
    check(&program(
        "    if x.startswith('/') or '..' in x:\n        return\n    open(os.path.join('/srv', x))",
    ));
    check(&program(
        "    if os.path.isabs(x) or '..' in x:\n        return\n    open(os.path.join('/srv', x))",
    ));
    check(&program(&format!(
        "    if x.startswith('/'):\n        return\n    open(os.path.join('/srv', x)){mark}"
    )));
}
