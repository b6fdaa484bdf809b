//! What is found, what is not, and that nothing shows a term.

use proptest::prelude::*;

use super::*;

fn terms(list: &[&str]) -> Terms {
    Terms::new(list.iter().map(|term| Term::plain(term, false, "t:1").unwrap()).collect()).unwrap()
}

fn found<'t>(terms: &Terms, text: &'t str) -> Vec<&'t str> {
    terms.places(text).into_iter().map(|place| &text[place]).collect()
}

#[test]
fn words_may_be_joined_in_any_way() {
    let terms = terms(&["Project Bluebird", "kestrel-prod"]);
    for text in [
        "Project Bluebird",
        "PROJECT BLUEBIRD",
        "project-bluebird",
        "project_bluebird",
        "project.bluebird",
        "project/bluebird",
        "projectbluebird",
        "Project\n  Bluebird",
        "Project\r\n    # Bluebird",
        "Project\n * Bluebird",
        "project\u{a0}bluebird",
        "KESTREL_PROD",
        "kestrelProd",
    ] {
        for (before, behind) in [("", ""), ("a ", " b"), ("_", "_"), ("\"", "\""), ("(", ")"), ("\\n", "\\n")]
        {
            let whole = format!("{before}{text}{behind}");
            assert_eq!(found(&terms, &whole), [text], "{whole}");
        }
    }
    assert_eq!(found(&terms, "ourProjectBluebirdClient"), ["ProjectBluebird"]);
}

#[test]
fn other_words_are_left_alone() {
    let terms = terms(&["Project Bluebird", "Kestrel", "C++ house"]);
    for text in [
        "the project has a bluebird",
        "Project. Bluebird",
        "Project, Bluebird",
        "projectbluebirds",
        "subproject bluebird",
        "kestrels",
        "project # bluebird",
        "Project\u{200a}",
        "WEFT_KESTREL_0001",
        "C+ house",
    ] {
        assert!(found(&terms, text).is_empty(), "{text}");
    }
}

#[test]
fn capitals_count_where_they_are_said_to() {
    let term = Term::plain("ATLAS", true, "t:1").unwrap();
    let terms = Terms::new(vec![term]).unwrap();
    assert_eq!(found(&terms, "atlas Atlas ATLAS ATLAS_URL"), ["ATLAS", "ATLAS"]);
}

#[test]
fn letters_of_any_script_are_compared_without_case() {
    let terms = terms(&[
        "M\u{fc}ller & S\u{f6}hne",
        "\u{41a}\u{440}\u{435}\u{447}\u{435}\u{442}",
        "\u{9752}\u{9e1f}\u{8ba1}\u{5212}",
    ]);
    assert_eq!(found(&terms, "M\u{dc}LLER & S\u{d6}HNE"), ["M\u{dc}LLER & S\u{d6}HNE"]);
    assert_eq!(found(&terms, "(\u{43a}\u{440}\u{435}\u{447}\u{435}\u{442})").len(), 1);
    assert_eq!(found(&terms, "\u{41a}\u{420}\u{415}\u{427}\u{415}\u{422}").len(), 1);
    assert_eq!(found(&terms, "\u{5173}\u{4e8e}\u{9752}\u{9e1f}\u{8ba1}\u{5212}\u{7684}").len(), 1);
}

#[test]
fn a_pattern_runs_where_its_literal_stands() {
    let host =
        Term::regex(r"\b[a-z0-9-]+\.corp\.initech\.example\b", "t:1").unwrap().named("host inside").unwrap();
    let number = Term::regex(r"\bCASE-?\d{6}\b", "t:2").unwrap();
    let bare = Term::regex(r"[0-9]{3}/[0-9]{3}", "t:3").unwrap();
    let terms = Terms::new(vec![host, number, bare]).unwrap();
    assert_eq!(
        found(&terms, "ssh db1.corp.initech.example CASE123456 123/456"),
        ["db1.corp.initech.example", "CASE123456", "123/456"]
    );
    assert_eq!(terms.name("db1.corp.initech.example"), Some("host inside"));
    assert_eq!(terms.name("CASE123456"), None);
}

#[test]
fn what_is_no_term_is_refused_by_its_line_alone() {
    let long = "swordfish".repeat(200);
    let refused = [
        Term::plain("ab", false, "weft.toml:3"),
        Term::plain(" a - b ", false, "weft.toml:3"),
        Term::plain(&long, false, "weft.toml:3"),
        Term::regex("swordfish(", "weft.toml:3"),
        Term::regex("swordfish(?=x)", "weft.toml:3"),
        Term::regex(r"(?:swordfish\w{1000}){1000}", "weft.toml:3"),
        Term::regex("(?:swordfish)*", "weft.toml:3"),
        Term::regex(&long, "weft.toml:3"),
        Term::plain("swordfish", false, "weft.toml:3").unwrap().named("our Swordfish"),
        Term::regex("sword.*", "weft.toml:3").unwrap().named("swordfish"),
        Term::plain("swordfish", false, "weft.toml:3").unwrap().named("  "),
    ];
    for outcome in refused {
        let error = outcome.unwrap_err();
        let said = format!("{error} {:?} {:?}", error.hints(), error).to_lowercase();
        assert!(said.contains("weft.toml:3: "), "{said}");
        assert!(!said.contains("swordfish"), "{said}");
    }
    let many = vec![Term::plain("swordfish", false, "t:1").unwrap(); TERMS + 1];
    assert!(Terms::new(many).is_err());
    assert!(Terms::new(vec![Term::regex("swordfish", "t:1").unwrap(); PATTERNS + 1]).is_err());
}

#[test]
fn nothing_shows_a_term() {
    let term = Term::plain("swordfish", false, "weft.toml:3").unwrap();
    let confidential = Confidential { terms: vec![term.clone()], file: Some("../swordfish.txt".into()) };
    let terms = Terms::new(vec![term.clone()]).unwrap();
    assert_eq!(
        format!("{term:?} {terms:?} {confidential:?}"),
        "Term(weft.toml:3) Terms(1) Confidential(1 terms, and a file)"
    );
}

#[test]
fn settings_are_read_with_errors_that_do_not_quote_them() {
    let text = "[confidential]\nterms = [\n  \"Project Bluebird\",\n  \"kestrel\",\n]\nfile = \"../words.txt\"\n\n\
        [[confidential.pattern]]\nregex = 'x{3}\\.corp'\nname = \"host\"\n\n[[confidential.pattern]]\nterm = \"ATLAS\"\ncase = true\n";
    let read = Confidential::read("weft.toml", text).unwrap();
    let places: Vec<&str> = read.terms.iter().map(|term| term.at.as_str()).collect();
    assert_eq!(places.len(), 4);
    assert!(
        ["weft.toml:3", "weft.toml:4", "weft.toml:9", "weft.toml:13"]
            .iter()
            .all(|place| places.contains(place))
    );
    assert_eq!(read.file.as_deref(), Some("../words.txt"));
    let spans: Vec<&str> = written::values(text).into_iter().map(|span| &text[span]).collect();
    assert!(spans.contains(&"\"kestrel\"") && spans.contains(&"'x{3}\\.corp'"), "{spans:?}");

    for (text, line) in [
        ("[confidential]\nterms = \"swordfish\"", 2),
        ("[confidential]\nterms = [\n\"abc\",\n7]", 4),
        ("[confidential]\nterms = [{ swordfish = 1 }]", 2),
        ("[confidential]\nswordfish = true", 2),
        ("[confidential]\ncase = \"swordfish\"", 2),
        ("[confidential]\nfile = [\"swordfish\"]", 2),
        ("confidential = \"swordfish\"", 1),
        ("confidential.pattern = \"swordfish\"", 1),
        ("[confidential]\n[[confidential.pattern]]\nname = \"x\"\nregex = \"swordfish(\"", 4),
        ("[confidential]\n[[confidential.pattern]]\nname = \"swordfish\"", 2),
        ("[confidential]\n[[confidential.pattern]]\nregex = 'swordfish'\ncase = true", 3),
        ("[confidential]\n[[confidential.pattern]]\nterm = 'swordfish'\nname = \"swordfish\"", 3),
        ("[confidential]\n[[confidential.pattern]]\nterm = 'swordfish'\nextra = \"swordfish\"", 4),
    ] {
        let error = Confidential::read("weft.toml", text).unwrap_err();
        let said = format!("{error:?} {error}");
        assert!(error.to_string().starts_with(&format!("weft.toml:{line}: ")), "{error} for {text}");
        assert!(!said.contains("swordfish"), "{said}");
    }
}

#[test]
fn a_file_has_one_term_a_line() {
    let text = "\u{feff}# ours\nProject Bluebird\n\n  case: ATLAS  \r\nregex: \\bCASE-\\d{6}\\b\nplain:#hash\nat: noon\n";
    let list = Terms::lines("words.txt", text.as_bytes()).unwrap();
    let places: Vec<&str> = list.iter().map(|term| term.at.as_str()).collect();
    assert_eq!(places, ["words.txt:2", "words.txt:4", "words.txt:5", "words.txt:6", "words.txt:7"]);
    let terms = Terms::new(list).unwrap();
    assert_eq!(
        found(&terms, "atlas ATLAS CASE-123456 #hash at: noon"),
        ["ATLAS", "CASE-123456", "#hash", "at: noon"]
    );

    for (text, place) in
        [(&b"fine\nab\n"[..], "w:2: "), (b"fine\n\xff\xfe", "w:2: "), (b"a-term\nregex:(", "w:2: ")]
    {
        assert!(Terms::lines("w", text).unwrap_err().to_string().starts_with(place));
    }
    assert!(Terms::lines("w", &vec![b'a'; (1 << 20) + 1]).is_err());
}

#[test]
fn of_what_overlaps_nothing_is_left_over() {
    let one = |range: Range<usize>, rule| Found::plain(range, rule, Confidence::High);
    let personal = |rule| rule == 2;
    let joined = |others: Vec<Found>, terms: Vec<Found>| -> Vec<(Range<usize>, usize)> {
        join(others, terms, personal).into_iter().map(|found| (found.range, found.rule)).collect()
    };
    // Rule 0 is a secret, 1 the term, 2 personal data.
    assert_eq!(joined(vec![one(0..20, 0)], vec![one(5..10, 1)]), [(0..20, 0)]);
    assert_eq!(joined(vec![one(5..10, 0)], vec![one(0..20, 1)]), [(0..20, 1)]);
    assert_eq!(joined(vec![one(0..20, 2)], vec![one(5..10, 1)]), [(0..20, 1)]);
    assert_eq!(joined(vec![one(0..8, 0), one(9..20, 2)], vec![one(5..10, 1)]), [(0..20, 0)]);
    assert_eq!(joined(vec![one(5..10, 0)], vec![one(5..10, 1)]), [(5..10, 1)]);
    assert_eq!(joined(vec![one(0..3, 0)], vec![one(3..5, 1)]), [(0..3, 0), (3..5, 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_panics_and_every_copy_is_found(
        words in prop::collection::vec("[a-z\u{e9}]{3,8}", 1..4),
        before in ".{0,12}", behind in ".{0,12}", joint in "[ \n\t_-]{1,4}",
    ) {
        let terms = terms(&[&words.join(" ")]);
        let copy = words.join(&joint);
        let text = format!("{before} {copy} {behind}");
        prop_assert!(found(&terms, &text).contains(&copy.as_str()));
        let _ = terms.places(&format!("{before}{copy}{behind}"));
    }

    #[test]
    fn any_term_is_refused_or_found_as_it_is(term in ".{0,12}", text in ".{0,20}") {
        if let Ok(made) = Term::plain(&term, true, "t:1") {
            let terms = Terms::new(vec![made]).unwrap();
            let alone = format!(" {} ", term.trim());
            prop_assert!(!terms.places(&alone).is_empty());
            let _ = terms.places(&text);
        }
    }

    #[test]
    fn what_was_redacted_holds_no_term_and_stays_as_it_is(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "Project Bluebird", "project", "bluebird", "KESTREL_PROD", "jane.roe@kestrel-prod.initech.com", "\n", " ", ", ",
            "password = \"kestrel-prod-Xy72!q\"", "WEFT_JWT_0001", "term confidential", "https://kestrel-prod/", "-",
        ]), 0..9),
        joint in prop::sample::select(vec!["", " ", "\n"]),
    ) {
        let list = || terms(&["Project Bluebird", "kestrel-prod", "confidential"]);
        let mut redactor = crate::redact::Redactor::new(&crate::built_in_rules(), None).unwrap();
        redactor.set_terms(list()).unwrap();
        let once = redactor.redact_text(pieces.join(joint).as_bytes()).unwrap();
        prop_assert!(list().places(&once).is_empty(), "{}", once);
        prop_assert_eq!(redactor.redact_text(once.as_bytes()).unwrap(), once);
    }
}
