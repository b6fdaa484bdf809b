//! Redacted JSON is JSON, redacted YAML is YAML, redacted code parses: documents with secrets in every position are
//! redacted in every mode and read again. Tokens are made here, so that none stands in the tree.

use std::path::Path;

use saphyr::LoadableYamlNode as _;
use weft::redact::{Mode, Redactor, Spool};
use weft::rule::expand;

const MODES: [Mode; 3] = [Mode::Token, Mode::KeepFormat, Mode::Drop];

/// A card's number that no issuer gave out, in one piece.
const CARD: [&str; 4] = ["4012", "8888", "8888", "1881"];

/// Different secrets for `@1`, `@2`, ... of a template; `@C` is a card's number, `@P` a private key with its lines
/// indented, `@J` the same in one string with escaped line breaks, `@U` one written with `\u`.
fn filled(template: &str, turn: usize) -> String {
    let kinds = [
        "ghp_%{github}",
        "sk_live_%{24}",
        "SG.%{22}.%{43}",
        "npm_%{npm}",
        "AIza%{35}",
        "glpat-%{20}",
        "jane%{4:lower}.roe@initech.com",
    ];
    // One expansion for all, since made-up characters are the same for the same text.
    let all = expand(&format!("%{{{}}}{}", 1 + turn, kinds.repeat(2).join("\n")));
    let secrets: Vec<&str> = all.lines().collect();
    let block = expand("-----BEGIN PRIVATE KEY-----\n%{64}\n%{64}\n%{40}==\n-----END PRIVATE KEY-----");
    let mut text = template.replace("@C", &CARD.concat());
    text = text.replace("@J", &block.replace('\n', "\\n"));
    text = text.replace("@P", &block.replace('\n', "\n  "));
    let first = secrets[1 + turn % 6];
    text = text.replace("@U", &first.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>());
    text = text.replace("@B", &data_encoding::BASE64.encode(first.as_bytes()));
    (1..=7).fold(text, |text, number| text.replace(&format!("@{number}"), secrets[(number + turn) % 7 + 1]))
}

/// Redacts each template in each mode and hands the result to `reads`, which says whether it can be read.
fn stays(templates: &[&str], reads: &dyn Fn(&str) -> Result<(), String>) {
    for key in [None, Some(b"a key for this test".as_slice())] {
        let redactor = Redactor::new(&weft::built_in_rules(), key).unwrap();
        for template in templates {
            for turn in 0..6 {
                let text = filled(template, turn);
                reads(&text).unwrap_or_else(|error| panic!("the template itself: {error}\n{template}"));
                for mode in MODES {
                    let input = Spool::of(text.clone().into_bytes());
                    let output =
                        redactor.filter(&input, mode, None, Path::new("/nonexistent")).unwrap().output;
                    let mut bytes = Vec::new();
                    output.copy_to(&mut bytes).unwrap();
                    let redacted = String::from_utf8(bytes).unwrap();
                    assert_ne!(redacted, text, "nothing was found in {template}");
                    assert_eq!(redacted.lines().count(), text.lines().count());
                    if let Err(error) = reads(&redacted) {
                        panic!("{mode:?}: {error}\n{redacted}");
                    }
                }
            }
        }
    }
}

#[test]
fn json_stays_json() {
    let templates = [
        r#"{"deploy": "@1", "nested": {"list": ["@2", ["@3", "x @4 y"]]}, "@5": 1, "@6": {"a": 2}}"#,
        r#"{"card": @C, "cards": [@C, 5], "more": [1,@C], "text": "my card is @C, thanks"}"#,
        "{\n  \"card\": @C,\n  \"cards\": [\n    @C,\n    @C\n  ],\n  \"last card\": @C\n}",
        r#"{"key": "@J", "after": true}"#,
        r#"{"plain": "@1", "escaped": "@U", "encoded": "@B", "again": "\"@1\""}"#,
        r#"{"url": "postgres://shop:kT9xQ2mV7pL4@db.shop.internal/x", "json": "{\"token\": \"@2\"}"}"#,
        r#"["@1", "@2", "@3"]"#,
        r#"{"password": "kT9x-Q2mV!7pL4", "api_key": "@2", "n": null}"#,
    ];
    stays(&templates, &|text| {
        serde_json::from_str::<serde_json::Value>(text).map(drop).map_err(|error| error.to_string())
    });
}

#[test]
fn yaml_stays_yaml() {
    let templates = [
        "deploy: @1\nquoted: \"@2\"\nsingle: '@3'\nlist:\n  - @4\n  - name: @5\n    value: x\n",
        "flow: [@1, b, @2]\nmap: {token: @3, other: 1}\nlast: [@4]\n",
        "key: |\n  @P\nafter: 1\n",
        "folded: >-\n  some text with @1\n  and more\nafter: 1\n",
        "@1: 1\n@2: 2\nnested:\n  @3: x\n",
        "card: @C\ncards: [@C, @C]\nlist:\n  - card @C\n",
        "json: {\"a\": \"@1\", \"card\": @C}\nescaped: \"@J\"\n",
        "# @1 in a comment\nenv:\n  - name: API_TOKEN\n    value: @2\npassword: kT9xQ2mV7pL4\n",
        "url: postgres://shop:kT9xQ2mV7pL4@db.shop.internal/x\n\"@1\": \"@2\"\n",
    ];
    stays(&templates, &|text| saphyr::Yaml::load_from_str(text).map(drop).map_err(|error| error.to_string()));
}

#[test]
fn toml_stays_toml() {
    let templates = [
        "deploy = \"@1\"\nsingle = '@2'\nlist = [\"@3\", \"@4\"]\n\"@5\" = 1\n[table]\ncard = @C\n",
        "cards = [@C, 2]\ninline = { card = @C, other = \"@1\" }\n",
        "key = \"\"\"\n@P\n\"\"\"\nescaped = \"@J\"\n",
        "password = \"kT9x-Q2mV!7pL4\" # @1\nplain = \"@2\"\nescaped = \"@U\"\n",
    ];
    stays(&templates, &|text| {
        toml::from_str::<toml::Table>(text).map(drop).map_err(|error| error.to_string())
    });
}

#[test]
fn xml_stays_xml() {
    let templates = [
        "<a token=\"@1\" other='@2'><b>@3</b><!-- @4 --><c><![CDATA[@5]]></c></a>",
        "<config>\n  <add key=\"ApiKey\" value=\"@1\"/>\n  <pem>\n  @P\n  </pem>\n  <card>@C</card>\n  <x>my card @C</x>\n</config>",
    ];
    stays(&templates, &|text| roxmltree::Document::parse(text).map(drop).map_err(|error| error.to_string()));
}

/// Reads with a grammar: no error where there was none.
fn parses(language: tree_sitter::Language) -> impl Fn(&str) -> Result<(), String> {
    move |text| {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&language).unwrap();
        match parser.parse(text, None).filter(|tree| !tree.root_node().has_error()) {
            Some(_) => Ok(()),
            None => Err("does not parse".into()),
        }
    }
}

#[test]
fn python_still_parses() {
    let templates = [
        "t = '@1'\nu = f\"x {t} @2\"\nv = {\"@3\": 1, '@4': [\"@5\"]}\nw = (\"@6\"\n     \"tail\")\n",
        "CARD = @C\nlog(card=@C)\ncards = [@C, 1]\nd = {'card': @C}\n",
        "KEY = \"\"\"\n@P\n\"\"\"\nflat = \"@J\"\nraw = b'@1'\n",
        "def f(token=\"@1\"):\n    # @2\n    return g(f\"{token}-@3\", password=\"kT9x-Q2mV!7pL4\")\n",
        "a = '@1'\nb = '@U'\nc = '@B'\n",
    ];
    stays(&templates, &parses(tree_sitter_python::LANGUAGE.into()));
}

#[test]
fn javascript_and_typescript_still_parse() {
    let templates = [
        "const t = '@1';\nconst u = `x ${t} @2`;\nconst v = {'@3': 1, a: [\"@4\"]};\nf({token: \"@5\"});\n",
        "const card = @C;\npay({card: @C});\nconst cards = [@C, 1]; // my card @C\n",
        "const key = `\n@P\n`;\nconst flat = \"@J\";\n",
        "const a = '@1', b = '@U', c = '@B';\n",
    ];
    stays(&templates, &parses(tree_sitter_javascript::LANGUAGE.into()));
    stays(&templates, &parses(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()));
}

#[test]
fn environment_files_keep_their_names() {
    let templates =
        ["A=@1\nexport B=\"@2\"\nC='@3'\nCARD=@C\nE=postgres://u:kT9xQ2mV7pL4@db.shop.internal/x\n"];
    stays(&templates, &|text| {
        let names: Vec<&str> =
            text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
        if names == ["A", "export B", "C", "CARD", "E"] { Ok(()) } else { Err(format!("{names:?}")) }
    });
}
