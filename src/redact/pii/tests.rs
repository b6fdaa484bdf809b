//! What all families keep to: exact masks, silence where a check digit is wrong, no panic on anything. The numbers are
//! those that authorities and textbooks publish as examples.

use std::ops::Range;

use proptest::prelude::*;

use super::{Reading, Rules};
use crate::rule::{Category, Rule};

fn set() -> (Rules, Vec<Rule>) {
    let rules: Vec<Rule> =
        crate::built_in_rules().rules.into_iter().filter(|rule| rule.category == Category::Pii).collect();
    (Rules::new(|id| rules.iter().position(|rule| rule.id == id)), rules)
}

/// Rule and range of all that is found, sorted.
fn found(text: &str, reading: Reading) -> Vec<(String, Range<usize>)> {
    let (families, rules) = set();
    let mut found = Vec::new();
    families.find(text, reading, &rules, &mut found);
    let mut all: Vec<_> = found.into_iter().map(|one| (rules[one.rule].id.clone(), one.range)).collect();
    all.sort_by_key(|(_, range)| range.start);
    all
}

/// Published examples: the rule, what it stands behind, the number, and whether its last character is a check.
const PUBLISHED: &[(&str, &str, &str, bool)] = &[
    ("uk-nhs-number", "NHS ", "943 476 5919", true),
    ("ie-pps-number", "PPS ", "1234567T", true),
    ("fr-social-security-number", "", "2 55 08 14 168 025 38", true),
    ("be-national-number", "", "85.07.30-033.28", true),
    ("nl-citizen-service-number", "BSN ", "111222333", true),
    ("lu-national-number", "matricule ", "1893120105732", true),
    ("es-identity-number", "DNI ", "12345678Z", true),
    ("es-identity-number", "", "X-1234567-L", true),
    ("it-fiscal-code", "", "RSSMRA85T10A562S", true),
    ("de-tax-id", "Steuer-ID ", "86095742719", true),
    ("de-pension-insurance-number", "", "65 170839 J 003", true),
    ("ch-ahv-number", "", "756.9217.0769.85", true),
    ("pl-pesel", "PESEL ", "44051401359", true),
    ("pl-tax-number", "NIP ", "123-456-32-18", true),
    ("cz-birth-number", "", "710319/2745", true),
    ("ro-personal-code", "CNP ", "1630615123457", true),
    ("bg-personal-number", "EGN ", "7523169263", true),
    ("hr-personal-number", "OIB ", "33392005961", true),
    ("gr-social-security-number", "AMKA ", "01013099997", true),
    ("ru-insurance-number", "", "112-233-445 95", true),
    ("tr-identity-number", "kimlik ", "10000000146", true),
    ("se-personal-number", "", "640823-3234", true),
    ("no-birth-number", "", "151086 95088", true),
    ("fi-personal-identity-code", "", "131052-308T", true),
    ("baltic-personal-code", "isikukood ", "37605030299", true),
    ("ca-social-insurance-number", "SIN ", "130 692 544", true),
    ("mx-curp", "", "BOXW310820HNERXN09", true),
    ("br-cpf", "", "111.444.777-35", true),
    ("br-cnpj", "", "11.222.333/0001-81", true),
    ("ar-tax-number", "", "20-05536168-2", true),
    ("cl-rut", "", "12.531.909-2", true),
    ("in-aadhaar", "", "2341 2341 2346", true),
    ("cn-resident-identity-number", "", "11010519491231002X", true),
    ("tw-identity-number", "national ID ", "A123456789", true),
    ("jp-individual-number", "My Number ", "123456789018", true),
    ("sg-nric", "", "S0000001I", true),
    ("th-identity-number", "", "1-2345-45678-78-1", true),
    ("il-identity-number", "teudat zehut ", "123456782", true),
    ("au-tax-file-number", "TFN ", "123 456 782", true),
    ("nz-tax-number", "IRD ", "49-091-850", true),
    ("za-identity-number", "SA ID ", "8001015009087", true),
    ("us-taxpayer-number", "ITIN ", "912-90-3456", false),
    ("dk-cpr-number", "CPR ", "211062-5629", false),
    ("kr-resident-number", "", "971213-1030303", false),
    ("my-identity-number", "MyKad ", "710101-01-1234", false),
    ("pk-identity-number", "", "34201-0891231-8", false),
    ("ip-address", "from ", "93.184.215.14", false),
    ("mac-address", "", "3c:5a:b4:01:2f:9e", false),
    ("date-of-birth", "born on ", "14 March 1985", false),
    ("street-address", "", "Hauptstra\u{df}e 12a, 10115 Berlin", false),
    ("email", "", "jane.roe@initech.com", false),
    ("bank-identifier-code", "BIC: ", "DEUTDEFF500", false),
];

/// Words without a digit, so that nothing of them belongs to a number.
fn prose() -> impl Strategy<Value = String> {
    "([a-z]{1,8} ){0,5}"
}

/// Pieces of candidates among anything else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        ".{0,12}",
        "[0-9 ./+()A-Z:-]{0,24}",
        "[0-9a-f:.]{0,40}",
        prop::sample::select(PUBLISHED).prop_map(|(_, word, number, _)| format!("{word}{number}")),
        prop::sample::select(vec![
            "phone ",
            "born on ",
            "lives at ",
            "SSN",
            "passport",
            "\\n",
            "\n",
            "\u{a0}",
            "\u{2011}",
            "+",
            "@",
            "BIC",
            "\u{df}",
            "Stra\u{df}e",
            "rue ",
            "March ",
            "1985",
            "(0)",
            "SWIFT/",
            "\u{ff11}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

#[test]
fn every_page_has_its_code_and_every_family_its_page() {
    let (families, rules) = set();
    let mut wired: Vec<usize> = families.identifiers.rules();
    let others = [
        families.email,
        families.card,
        families.iban,
        families.bic,
        families.phone,
        families.birth,
        families.street,
        families.ip,
        families.mac,
    ];
    wired.extend(others.map(Option::unwrap));
    wired.sort_unstable();
    wired.dedup();
    assert_eq!(wired, (0..rules.len()).collect::<Vec<_>>());
}

#[test]
fn published_examples_are_found_whole() {
    for (rule, word, number, _) in PUBLISHED {
        let text = format!("It says: {word}{number}, as far as we know.");
        let start = text.find(number).unwrap();
        assert_eq!(
            found(&text, Reading::Prose),
            [((*rule).to_owned(), start..start + number.len())],
            "{text}"
        );
    }
}

#[test]
fn a_wrong_check_is_silent() {
    for (rule, word, number, checked) in PUBLISHED.iter().filter(|(.., checked)| *checked) {
        let last = number.chars().last().unwrap();
        let others = if last.is_ascii_digit() { '0'..='9' } else { 'A'..='Z' };
        for other in others.filter(|other| *other != last) {
            let text = format!("It says: {word}{}{other}, as far as we know.", &number[..number.len() - 1]);
            let rules: Vec<String> = found(&text, Reading::Prose).into_iter().map(|(rule, _)| rule).collect();
            assert!(!rules.contains(&(*rule).to_owned()), "{text} {checked}");
        }
    }
}

#[test]
fn a_bare_number_in_a_file_needs_its_name() {
    for (rule, word, number, _) in PUBLISHED.iter().filter(|(rule, ..)| *rule != "email") {
        let text = format!("x = '{number}'");
        assert_eq!(found(&text, Reading::File), [], "{rule} {word}");
    }
}

#[test]
fn blanks_and_dashes_of_typography_hide_nothing() {
    for (rule, word, number, _) in PUBLISHED.iter().filter(|(.., checked)| *checked) {
        let number = number.replace(' ', "\u{a0}").replace('-', "\u{2011}");
        let text = format!("{word}{number}.");
        assert_eq!(
            found(&text, Reading::Prose),
            [((*rule).to_owned(), word.len()..word.len() + number.len())],
            "{text}"
        );
    }
}

#[test]
fn a_letter_of_an_escape_belongs_to_it() {
    for (rule, number) in [("br-cpf", "111.444.777-35"), ("in-pan", "AAAPL1234C"), ("sg-nric", "S0000001I")] {
        assert_eq!(
            found(&format!("a\\n{number}\\n"), Reading::Prose),
            [(rule.to_owned(), 3..3 + number.len())]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_stands_around_changes_nothing(
        before in prose(), behind in prose(), example in prop::sample::select(PUBLISHED),
    ) {
        let (rule, word, number, _) = example;
        let text = format!("{before}\n{word}{number}, {behind}");
        let start = before.len() + 1 + word.len();
        prop_assert!(found(&text, Reading::Prose).contains(&(rule.to_owned(), start..start + number.len())));
    }

    #[test]
    fn no_input_panics_and_every_range_is_text(text in hostile()) {
        for reading in [Reading::Prose, Reading::File] {
            for (_, range) in found(&text, reading) {
                prop_assert!(text.get(range.clone()).is_some_and(|found| !found.is_empty()));
            }
        }
    }

    #[test]
    fn no_input_of_any_characters_panics(text in any::<String>()) {
        found(&text, Reading::Prose);
    }
}
