//! Pages and models of a team's own, through the binary: what is wrong is told with its file and line before anything is
//! scanned, and rules/README.md says what there is to write.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cli;

use std::fs;

use cli::Place;
use weft::built_in_rules;
use weft::rule::{Match, Model};

const LEDGER: &str = "code/acme-ledger-injection.md";
const OPEN: &str = "code/acme-open-ledger.md";
const MODEL: &str = "models/python/acme.toml";

/// The pages and the model of the manual, one text of one of them replaced.
fn place(file: &str, from: &str, to: &str) -> Place {
    let place = Place::new("");
    for name in [LEDGER, OPEN, MODEL] {
        let mut text = fs::read_to_string(format!("fixtures/rules/{name}")).unwrap();
        if name == file {
            assert!(text.contains(from), "{file}: {from}");
            text = text.replacen(from, to, 1);
        }
        let path = place.code().join("rules").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    #[rustfmt::skip]
    let cases = [
        (OPEN, "(identifier)", "(identifer)", "19", "the grammar has no node `identifer` (did you mean `identifier`?)"),
        (OPEN, "arguments:", "argumets:", "17", "(did you mean `arguments`?)"),
        (OPEN, "value: (false) @fix))) @report", "value: (false) @fix)) @report", "22", "a bracket is missing"),
        (OPEN, "#eq? @_name", "#eqq? @_name", "21", "no condition #eqq? (did you mean `eq`?)"),
        (OPEN, "#eq? @_name \"lock\"", "#match? @_name \"lo(ck\"", "21", "unclosed group"),
        (OPEN, "#eq? @_name \"lock\"", "#goes-to? @_name \"lo(ck\"", "21", "unclosed group"),
        (OPEN, "@report", "@found", "15", "nothing in it is captured as @report"),
        (OPEN, "language=python", "language=ruby", "14", "no query is in \"ruby\""),
        (OPEN, "[match.query]", "yields-to = [\"comand-injection\"]\n[match.query]", "10", "(did you mean `command-injection`?)"),
        (LEDGER, "\"http\"", "\"htp\"", "10", "no model yields data of kind `htp` (did you mean `http`?)"),
        (LEDGER, "\"ledger\"", "\"leger\"", "11", "no model has a sink of kind `leger` (did you mean `ledger`?)"),
        (LEDGER, "severity ", "severty ", "4", "(did you mean `severity`?)"),
        (MODEL, "[sink]\nledger", "[sink]\nledgr", "13", "no page reports what reaches a sink of kind `ledgr` (did you mean `ledger`?)"),
        (MODEL, "sql ", "sqll ", "14", "no page reports what reaches a sink of kind `sqll` (did you mean `sql`?)"),
        (MODEL, "http ", "htpp ", "10", "no page reports data of kind `htpp` (did you mean `http`?)"),
        (MODEL, "[clean]\nledger", "[clean]\nlegder", "17", "no sink is of kind `legder`"),
        (MODEL, "\"python\"", "\"ruby\"", "1", "no model is for \"ruby\""),
        (MODEL, "post(0|statement)", "post()", "13", "a sink says which argument must be clean"),
        (MODEL, "\"acme.ledger.quote()\"", "\"!acme.ledger.quote()\"", "17", "only a guard has `!`"),
        (MODEL, "is_account(0)", "is_account", "20", "a guard is a call"),
        (MODEL, "acme.bus.Message\"]", "acme bus\"]", "7", "write names with dots"),
        (MODEL, "[sink]", "[sinks]", "12", "(did you mean `sink`?)"),
    ];
    for (file, from, to, line, what) in cases {
        let place = place(file, from, to);
        for arguments in [&["rules", "check", "rules"][..], &["scan", "--rules", "rules", "app.py"]] {
            let said = place.weft(arguments).exits(2).err;
            let start = format!("rules/{file}:{line}:");
            assert!(said.contains(&start) && said.contains(what), "{start} {what}\n{said}");
        }
    }
}

#[test]
fn a_page_shows_what_it_finds() {
    let whole = place(LEDGER, "", "");
    whole
        .weft(&["rules", "check", "rules"])
        .exits(0)
        .says("2 pages, 1 model, 4 examples: every example holds");
    let silent = place(LEDGER, "  # expect: acme-ledger-injection", "");
    let told = silent.weft(&["rules", "check", "rules"]).exits(1);
    told.says("rules/code/acme-ledger-injection.md:1: no example fires")
        .says("acme-ledger-injection reports this line");
    let prose = place(OPEN, "## A lock of something else", "## Why\n\nSince.\n\n## A lock of something else");
    prose.weft(&["rules", "check", "rules"]).exits(0).says("4 examples");
    let model = Place::new("");
    fs::create_dir_all(model.code().join("rules/code")).unwrap();
    model.weft(&["scan", "--rules", "rules", "app.py"]).exits(2).says("has no page and no model");
    fs::create_dir_all(model.code().join("rules/models")).unwrap();
    fs::write(
        model.code().join("rules/models/a.toml"),
        "language = \"python\"\nlibrary = \"a\"\nexit = [\"a.stop()\"]\n",
    )
    .unwrap();
    model.weft(&["rules", "check", "rules"]).exits(0).says("0 pages, 1 model, 0 examples: nothing shows");
}

#[test]
fn the_manual_is_whole() {
    let manual = fs::read_to_string("rules/README.md").unwrap();
    for name in [LEDGER, MODEL] {
        let text = fs::read_to_string(format!("fixtures/rules/{name}")).unwrap();
        assert!(manual.contains(&text), "rules/README.md does not show fixtures/rules/{name}");
    }
    let page = fs::read_to_string(format!("fixtures/rules/{OPEN}")).unwrap();
    let query = page.split("```query").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(manual.contains(query), "rules/README.md does not show the query of {OPEN}");
    let rules = built_in_rules();
    let mut kinds: Vec<String> = Vec::new();
    for rule in &rules.rules {
        if let Match::Taint(taint) = &rule.matcher {
            kinds.extend(taint.source.iter().chain(taint.also.keys()).chain([&taint.sink]).cloned());
        }
    }
    for model in &rules.models {
        let cleaning = [&model.clean, &model.guard, &model.whole, &model.undo, &model.schema];
        let cleaning =
            cleaning.into_iter().flat_map(|table| table.keys()).flat_map(|key| key.split(" after "));
        kinds.extend(model.source.keys().chain(model.sink.keys()).cloned());
        kinds.extend(cleaning.map(str::to_owned));
        kinds.extend(model.handler.iter().flat_map(|one| [&one.rest, &one.result]).flatten().cloned());
    }
    kinds.sort();
    kinds.dedup();
    let head = "language = \"python\"\nlibrary = \"a\"\n";
    for wrong in ["zzz = 1", "[[handler]]\nzzz = 1", "[schedule]\nzzz = []"] {
        let said = Model::parse(&format!("{head}{wrong}\n")).unwrap_err().message;
        let keys: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        assert!(keys.len() > 5, "{said}");
        for key in keys {
            let there = [format!("`{key}`"), format!("`[{key}]`"), format!("`[[{key}]]`")];
            assert!(
                there.iter().any(|key| manual.contains(key)),
                "rules/README.md does not name the key {key}"
            );
        }
    }
    let missing: Vec<&String> = kinds.iter().filter(|kind| !manual.contains(&format!("`{kind}`"))).collect();
    assert!(missing.is_empty(), "rules/README.md does not name the kinds {missing:?}");
}
