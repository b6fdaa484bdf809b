//! A team's own rules in gitleaks' format, through the binary.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cli;

use cli::Place;
use weft::rule::expand;

const RULES: &str = r#"
[[allowlists]]
paths = ['^vendor/']

[[rules]]
id = "acme-deploy-key"
description = "Acme deploy key, which opens production"
regex = '''\b(acme_dk_[\w-]{24})(?:\W|\z)'''
entropy = 3.0
keywords = ["acme_dk_"]
[[rules.allowlists]]
stopwords = ["TestFleet"]
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ['^\s*\#']
paths = ['\.sh$']

[[rules]]
id = "acme-keystore"
description = "Acme keystore"
path = '''(?i)\.acmeks$'''

[[rules]]
id = "acme-seed"
description = "seed of the lottery"
regex = '''(draw|lottery).{0,20}?seed[:=\s]{1,3}(\d{12})'''
secretGroup = 2
path = '''\.ya?ml$'''

[[rules]]
id = "acme-far"
regex = '''zz[a-q]{30}'''
keywords = ["far away"]
"#;

fn place() -> Place {
    let place = Place::new("");
    place.write("../team.toml", RULES.as_bytes());
    place
}

/// The rule, file and first column of each finding.
fn found(place: &Place, code: i32) -> Vec<(String, String, u64)> {
    let ran =
        place.weft(&["scan", "--only", "secrets", "--rules", "../team.toml", "--format", "json"]).exits(code);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let one = |one: &serde_json::Value| {
        let column = one["location"]["region"]["start-column"].as_u64().unwrap();
        (text(&one["rule"]), text(&one["location"]["path"]), column)
    };
    // What weft's own rules say of the same lines is not the question.
    findings.iter().map(one).filter(|(rule, ..)| rule.starts_with("acme")).collect()
}

#[test]
fn its_fields_mean_what_they_mean_there() {
    let place = place();
    let key = expand("acme_dk_%{24:lower}");
    place.write("a.py", format!("KEY = '{key}'\n").as_bytes());
    place.write("b.py", b"KEY = 'acme_dk_aaaaaaaaaaaaaaaaaaaaaaaa'\n");
    place.write("c.py", expand("KEY = 'acme_dk_testfleet-%{14:lower}'\n").as_bytes());
    place.write("vendor/d.py", format!("KEY = '{key}'\n").as_bytes());
    place.write("e.sh", format!("# KEY='{key}'\n").as_bytes());
    place.write("f.py", format!("# KEY='{key}'\n").as_bytes());
    place.write("g.acmeks", b"\0\x01\x02\xff\xfe\0");
    place.write("h.yaml", b"lottery seed: 123456789013\n");
    place.write("i.txt", b"lottery seed: 123456789013\n");
    let zz = "zzabcdefghijklmnopqponmlkjihgfedcb";
    let far = format!("far away\n{}\n{zz}\n", "filler\n".repeat(1000));
    place.write("j.txt", far.as_bytes());
    place.write("k.txt", format!("{zz}\n").as_bytes());
    let expected = [
        ("acme-deploy-key", "a.py", 8),
        ("acme-deploy-key", "f.py", 8),
        ("acme-keystore", "g.acmeks", 1),
        ("acme-seed", "h.yaml", 15),
        ("acme-far", "j.txt", 1),
    ];
    let expected: Vec<(String, String, u64)> =
        expected.iter().map(|(rule, path, column)| ((*rule).into(), (*path).into(), *column)).collect();
    assert_eq!(found(&place, 1), expected);
}

#[test]
fn a_prompt_is_masked_by_them_whatever_file_it_quotes() {
    let place = place();
    let prompt = expand("acme_dk_%{24:lower} and the lottery seed: 123456789013\n");
    let out = place.weft_with(prompt.as_bytes(), &["redact", "--rules", "../team.toml"]).exits(0).out;
    assert_eq!(out, "WEFT_ACME_DEPLOY_KEY_0001 and the lottery seed: WEFT_ACME_SEED_0001\n");
}

#[test]
fn a_file_that_it_extends_is_read_from_beside_it() {
    let place = place();
    place.write("../deep/more.toml", b"[extend]\npath = \"../team.toml\"\ndisabledRules = [\"acme-seed\"]\n");
    let out = place.weft(&["rules", "check", "../deep/more.toml"]).exits(0).out;
    assert_eq!(out, "../deep/more.toml: 3 rules can be used\n");
    place.weft(&["explain", "acme-keystore", "--rules", "../deep/more.toml"]).exits(0).says("Acme keystore");
}
