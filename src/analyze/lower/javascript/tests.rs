use proptest::prelude::*;

use crate::analyze::ir::{End, Function, Literal, Op, Pass, Program, Value};
use crate::analyze::lower::lower;
use crate::syntax::{Language, parse, steps_for};

fn program(language: Language, text: &str) -> Program {
    lower(&parse(language, text, steps_for(text)).unwrap())
}

/// What a program stores, sets, calls for effect and returns, one text each, in order of its functions.
fn shown(text: &str) -> Vec<String> {
    effects(&program(Language::Tsx, text))
}

fn effects(program: &Program) -> Vec<String> {
    let mut lines = Vec::new();
    for function in &program.functions {
        for block in &function.blocks {
            for value in &block.steps {
                match &function.step(*value).op {
                    Op::Store(..) | Op::SetMember(..) | Op::SetIndex(..) => {
                        lines.push(show(program, function, *value, 0));
                    }
                    Op::Call { .. } if !used(function, *value) => {
                        lines.push(show(program, function, *value, 0))
                    }
                    _ => {}
                }
            }
            if let End::Return(Some(value)) = block.end {
                lines.push(format!("return {}", show(program, function, value, 0)));
            }
        }
    }
    lines
}

fn used(function: &Function, value: Value) -> bool {
    let debug = format!("{value:?}");
    function.steps.iter().any(|step| format!("{:?}", step.op).contains(&debug))
        || function.blocks.iter().any(|block| format!("{:?}", block.end).contains(&debug))
}

fn show(program: &Program, function: &Function, value: Value, depth: usize) -> String {
    if depth > 12 {
        return "..".into();
    }
    let one = |value: &Value| show(program, function, *value, depth + 1);
    let all = |values: &[Value]| values.iter().map(one).collect::<Vec<_>>().join(", ");
    let name = |name: &crate::analyze::ir::Name| program.names.text(*name).to_owned();
    match &function.step(value).op {
        Op::Literal(Literal::Text(text)) => format!("'{text}'"),
        Op::Literal(Literal::Int(number)) => number.to_string(),
        Op::Literal(Literal::Bool(truth)) => truth.to_string(),
        Op::Literal(Literal::Null) => "null".into(),
        Op::Literal(Literal::Other) => "_".into(),
        Op::Literal(Literal::Pattern(pattern)) => pattern.to_string(),
        Op::Parameter(index) => format!("${index}"),
        Op::Load(it) => name(it),
        Op::Store(it, value) => format!("{} = {}", name(it), one(value)),
        Op::Path(it) => format!("<{}>", name(it)),
        Op::Member(object, it) => format!("{}.{}", one(object), name(it)),
        Op::SetMember(object, it, value) => format!("{}.{} = {}", one(object), name(it), one(value)),
        Op::Index(object, key) => format!("{}[{}]", one(object), one(key)),
        Op::SetIndex(object, key, value) => format!("{}[{}] = {}", one(object), one(key), one(value)),
        Op::Slice(value) => format!("slice {}", one(value)),
        Op::Each(value) => format!("each {}", one(value)),
        Op::Call { callee, arguments } => {
            let arguments: Vec<_> = arguments
                .iter()
                .map(|it| match it.pass {
                    Pass::Plain => one(&it.value),
                    Pass::Keyword(it) => format!("{}=", name(&it)),
                    _ => format!("...{}", one(&it.value)),
                })
                .collect();
            format!("{}({})", one(callee), arguments.join(", "))
        }
        Op::Text(parts) => format!("text({})", all(parts)),
        Op::Binary(operator, left, right) => format!("({operator:?} {} {})", one(left), one(right)),
        Op::Unary(operator, value) => format!("({operator:?} {})", one(value)),
        Op::Either(values) => format!("either({})", all(values)),
        Op::List(elements) => {
            let elements: Vec<_> = elements
                .iter()
                .map(|it| format!("{}{}", if it.spread { "..." } else { "" }, one(&it.value)))
                .collect();
            format!("[{}]", elements.join(", "))
        }
        Op::Dict(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|it| format!("{}: {}", it.key.map_or("...".into(), |key| one(&key)), one(&it.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Op::Closure(id, _) => format!("fn{}", id.0),
        Op::Class(id, bases) => format!("class{}({})", id.0, all(bases)),
        Op::Await(value) => format!("await {}", one(value)),
        Op::Yield(value) => format!("yield {}", one(value)),
        Op::Caught => "caught".into(),
        Op::Unknown(values) => format!("?({})", all(values)),
    }
}

/// One line of source, and what it becomes.
fn holds(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(shown(text), *expected, "{text}");
    }
}

#[test]
fn imports_bind_paths() {
    holds(&[
        ("import a from 'm'", &["a = <m>"]),
        ("import * as a from 'node:fs'", &["a = <fs>"]),
        ("import { b as c, default as d } from 'm'", &["c = <m>.b", "d = <m>"]),
        ("const a = require('m')", &["a = <m>"]),
        ("const { exec: run } = require('child_process')", &["run = <child_process>.exec"]),
        ("const f = require('m').a(1)", &["f = <m>.a(1)"]),
        ("const m = await import('./m')", &["m = await <./m>"]),
        ("import fs = require('fs')", &["fs = <fs>"]),
        ("const f = require(x)", &["f = require(x)"]),
    ]);
}

#[test]
fn exports_are_stored() {
    holds(&[
        ("export function f() {}", &["f = fn1", "exports.f = f"]),
        ("export default function f() {}", &["f = fn1", "exports.default = f"]),
        ("export default (a) => a", &["exports.default = fn1", "a = $0", "return a"]),
        ("export const a = 1, b = 2", &["a = 1", "b = 2", "exports.a = a", "exports.b = b"]),
        ("export { a, b as c }", &["exports.a = a", "exports.c = b"]),
        ("export { a } from './m'", &["exports.a = <./m>.a"]),
        ("export * from './m'", &["exports.* = <./m>"]),
        ("exports.a = 1", &["exports.a = 1", "exports.a = 1"]),
        (
            "module.exports = { a }",
            &["module.exports = {'a': a}", "exports.default = {'a': a}", "exports.a = {'a': a}.a"],
        ),
    ]);
}

#[test]
fn destructuring_takes_apart() {
    holds(&[
        ("const { a, b: { c = 1 }, ...r } = x", &["a = x.a", "c = either(x.b.c, 1)", "r = slice x"]),
        ("const [a, , b = 2, ...c] = x", &["a = x[0]", "b = either(x[2], 2)", "c = slice x"]),
        ("({ a, 'k-1': o.b } = x)", &["a = x.a", "o.b = x['k-1']"]),
        (
            "function f({ a }, [b], c = 1, ...d) {}",
            &[
                "f = fn1",
                "#1 = $0",
                "a = #1 = $0.a",
                "#2 = $1",
                "b = #2 = $1[0]",
                "c = $2",
                "c = either(c = $2, 1)",
                "d = $3",
            ],
        ),
    ]);
}

#[test]
fn strings_are_built() {
    holds(&[
        ("x = `a ${b} c`", &["x = text('a ', b, ' c')"]),
        ("x = sql`a ${b} c`", &["x = sql(['a ', ' c'], b)"]),
        ("x = 'a' + b + 'c'", &["x = (Add (Add 'a' b) 'c')"]),
        ("x += y", &["x = (Add x y)"]),
        ("x ||= y", &["x = either(x, y)"]),
    ]);
}

#[test]
fn calls_keep_their_shape() {
    holds(&[
        ("a?.b?.(c)?.[d]", &[]),
        ("x = a?.b?.(c)?.[d]", &["x = a.b(c)[d]"]),
        ("f(...a, b)", &["f(...a, b)"]),
        ("x = new A(b)", &["x = A(b)"]),
        ("f({ a: 1, ...b })", &["f({'a': 1, ...: b}, a=)"]),
        ("f.call(t, a)", &["f(a)"]),
        ("f.apply(t, a)", &["f(...a)"]),
        ("x = f.bind(t)", &["x = f"]),
        ("x = (a as B)!.c", &["x = a.c"]),
        ("x = { a, b: 1, [c]: 2, ...d, e() {} }", &["x = {'a': a, 'b': 1, c: 2, ...: d, 'e': fn1}"]),
        ("x = [a, ...b]", &["x = [a, ...b]"]),
        ("(function () { f() })()", &["fn1()", "f()"]),
    ]);
}

#[test]
fn promises_and_arrays_call_their_functions() {
    holds(&[
        ("p.then(x => f(x))", &["fn1(await p)", "x = $0", "return f(x)"]),
        ("x = p.then(f, g)", &["x = either(f(await p), g(caught))"]),
        ("x = a.map(b => b)", &["x = [fn1(each a, _, a)]", "b = $0", "return b"]),
        ("a.forEach(b => f(b))", &["fn1(each a, _, a)", "b = $0", "return f(b)"]),
        ("x = await f()", &["x = await f()"]),
        ("app.get('/', (req, res) => {})", &["app.get('/', fn1)", "req = $0", "res = $1"]),
    ]);
}

#[test]
fn variables_belong_to_who_declares_them() {
    let program = program(Language::JavaScript, "let a; function f() { let b; a = 1; b = 2; }");
    let inner = &program.functions[1];
    let binds = |text| inner.binds(program.names.get(text).unwrap());
    assert!(binds("b") && !binds("a"));
}

#[test]
fn classes_are_objects_with_this() {
    let text = "class A extends B { x = 1; constructor(private db: Db) { super(db); } run(a: http.Request) { return this.db } }";
    let program = program(Language::TypeScript, text);
    assert_eq!(
        effects(&program),
        [
            "A = class0(B)",
            "x = 1",
            "__init__ = fn2",
            "run = fn3",
            "this = $0",
            "db = $1",
            "this.db = db = $1",
            "super().__init__(db)",
            "this = $0",
            "a = $1",
            "return this.db",
        ]
    );
    let methods: Vec<_> =
        program.classes[0].methods.iter().map(|(name, _)| program.names.text(*name)).collect();
    assert_eq!(methods, ["__init__", "run"]);
    let annotation = program.functions[3].parameters[1].annotation.unwrap();
    assert_eq!(program.names.text(annotation), "http.Request");
}

#[test]
fn elements_are_objects_with_attributes() {
    holds(&[
        (
            "x = <div dangerouslySetInnerHTML={{ __html: a }} id='b'>{c}</div>",
            &[
                "document.createElement('div').dangerouslySetInnerHTML = a",
                "document.createElement('div').id = 'b'",
                "x = document.createElement('div')",
            ],
        ),
        ("x = <Panel a={b} {...c} />", &["{}.a = b", "Panel({'a': b, ...: c}, a=)", "x = {}"]),
        ("x = <>{f()}</>", &["f()", "x = {}"]),
    ]);
}

/// The blocks of the top level: what they call, and where they go.
fn blocks(text: &str) -> Vec<String> {
    let program = program(Language::Tsx, text);
    let function = &program.functions[0];
    let lines = function.blocks.iter().enumerate().map(|(index, block)| {
        let calls: Vec<_> = block
            .steps
            .iter()
            .filter(|value| matches!(function.step(**value).op, Op::Call { .. }))
            .map(|value| show(&program, function, *value, 0))
            .collect();
        let end = match &block.end {
            End::Jump(to) => format!("-> {}", to.0),
            End::Branch(_, yes, no) => format!("? {} : {}", yes.0, no.0),
            End::Fork(to) => {
                format!("| {}", to.iter().map(|to| to.0.to_string()).collect::<Vec<_>>().join(" "))
            }
            other => format!("{other:?}"),
        };
        let handler = block.handler.map_or(String::new(), |to| format!(" !{}", to.0));
        format!("{index}: {} {end}{handler}", calls.join(" "))
    });
    lines.collect()
}

#[test]
fn branches_join() {
    assert_eq!(
        blocks("if (a && !b) f(); else g(); h()"),
        ["0:  ? 4 : 3", "1: h() Open", "2: f() -> 1", "3: g() -> 1", "4:  ? 3 : 2"]
    );
}

#[test]
fn loops_go_round() {
    assert_eq!(
        blocks("for (const a of b) { if (c) break; f(a) }"),
        [
            "0:  -> 1",
            "1:  | 2 3",
            "2:  ? 5 : 6",
            "3:  Open",
            "4: f(a) -> 1",
            "5:  -> 3",
            "6:  -> 4",
            "7:  -> 4"
        ]
    );
    assert_eq!(
        blocks("while (a) { f() }"),
        ["0:  -> 1", "1:  ? 2 : 4", "2: f() -> 3", "3:  -> 1", "4:  Open"]
    );
}

#[test]
fn cases_fall_through() {
    assert_eq!(
        blocks("switch (a) { case 1: f(); case 2: g(); break; default: h() }"),
        [
            "0:  ? 1 : 5",
            "1: f() -> 2",
            "2: g() -> 4",
            "3: h() -> 4",
            "4:  Open",
            "5:  ? 2 : 6",
            "6:  -> 3",
            "7:  -> 3"
        ]
    );
}

#[test]
fn exceptions_go_to_their_handler() {
    assert_eq!(
        blocks("try { f() } catch (e) { g(e) } finally { h() }"),
        ["0:  -> 3", "1: g(e) -> 2", "2: h() Open", "3: f() -> 2 !1"]
    );
}

#[test]
fn nesting_of_any_depth_ends() {
    let deep = |open: &str, close: &str| format!("x = {}1{}", open.repeat(10_000), close.repeat(10_000));
    let mut texts: Vec<String> =
        [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("{a:", "}"), ("a?b:", ""), ("()=>", "")]
            .iter()
            .map(|(open, close)| deep(open, close))
            .collect();
    texts.push(format!("x = 1{}", " + 1".repeat(10_000)));
    texts.push(format!("x = a{}", ".b()".repeat(10_000)));
    texts.push(format!("x = a{}", " || b".repeat(10_000)));
    texts.push(format!("x = a{}", " && b".repeat(10_000)));
    texts.push("if (a) b(); else ".repeat(10_000) + "c()");
    texts.push("{".repeat(10_000));
    texts.push("function f() {".repeat(10_000));
    texts.push("function f() {".repeat(10_000) + &"}".repeat(10_000));
    texts.push("class A { m() {".repeat(10_000));
    texts.push("<a>".repeat(10_000));
    texts.push("const [".repeat(10_000));
    for text in texts {
        for language in [Language::JavaScript, Language::Tsx] {
            if let Ok(parsed) = parse(language, &text, steps_for(&text)) {
                let steps: usize = lower(&parsed).functions.iter().map(|it| it.steps.len()).sum();
                assert!(steps < 8 * text.len(), "{}", &text[..20]);
            }
        }
    }
}

const SEED: &str = "import a, { b as c } from 'm'; export default class A extends B { static x = 1; m({ y, ...z }, [w] = []) {
  try { for (const k of y) { if (k?.l && !w) continue; await f(`t ${k} u`, ...z); } } catch { throw e } finally { g() }
  switch (w) { case 1: return <div a={b}>{c}</div>; default: p.then(x => x, null).catch(() => {}) } } }
label: while (1) { break label } do { x ||= typeof y } while (z); module.exports = { a, ['b']: 1, get c() { return 1 } };";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_lowers(text in ".{0,200}") {
        program(Language::JavaScript, &text);
    }

    #[test]
    fn mutated_source_lowers_the_same_twice(at in 0usize..700, length in 0usize..40, insert in "[(){}=>`$.,;a ]{0,6}") {
        let (from, to) = (at.min(SEED.len()), (at + length).min(SEED.len()));
        let text = format!("{}{insert}{}", &SEED[..from], &SEED[to..]);
        let (one, other) = (program(Language::Tsx, &text), program(Language::Tsx, &text));
        prop_assert_eq!(format!("{:?}", one.functions), format!("{:?}", other.functions));
        for function in &one.functions {
            for (index, step) in function.steps.iter().enumerate() {
                prop_assert!(step.span.end as usize <= text.len() && step.span.start <= step.span.end);
                let _ = index;
            }
        }
    }
}
