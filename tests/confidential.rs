//! A team's own words through the binary: wherever a text goes, they do not, and nothing that weft says shows one.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cli;

use cli::{Place, Ran};

const SETTINGS: &str = "[coverage]\nwho = \"all\"\n\n[confidential]\nterms = [\"Project Thornbush\"]\nfile = \"../words.txt\"\n\n\
    [[confidential.pattern]]\nregex = '\\b[a-z0-9-]+\\.corp\\.vandelay\\.example\\b'\nname = \"host inside\"\n";

const TEXT: &str = "We move project_thornbush\naway from db7.corp.vandelay.example\nto the Wintergreen account of Project\nThornbush.\n";

/// A repository with the settings, and the words beside it.
fn place() -> Place {
    let place = Place::new(SETTINGS);
    place.write("../words.txt", b"# customers\nWintergreen\n");
    place
}

/// Checks that no stream shows a term.
#[track_caller]
fn silent(ran: Ran) -> Ran {
    let said = format!("{}{}", ran.out, ran.err).to_lowercase();
    for term in ["thornbush", "wintergreen", "db7.corp", "vandelay"] {
        assert!(!said.contains(term), "{term} in\n{}\n{}", ran.out, ran.err);
    }
    ran
}

#[test]
fn a_prompt_goes_out_without_them() {
    let place = place();
    let out = silent(place.weft_with(TEXT.as_bytes(), &["redact"]).exits(0)).out;
    let placeholder = "WEFT_CONFIDENTIAL_TERM_";
    assert_eq!((out.lines().count(), out.matches(placeholder).count()), (4, 5), "{out}");
    // Without its file nobody knows what else must not go out.
    std::fs::remove_file(place.code().join("../words.txt")).unwrap();
    let refused = silent(place.weft_with(TEXT.as_bytes(), &["redact"]).exits(2));
    assert!(refused.out.is_empty() && refused.err.contains("../words.txt"), "{}", refused.err);
}

#[test]
fn a_scan_reports_them_in_every_format_and_shows_none() {
    let place = place();
    place.write("notes.txt", TEXT.as_bytes());
    for format in ["text", "json", "sarif", "github"] {
        let ran = silent(place.weft(&["scan", "--format", format, "notes.txt"]).exits(1));
        assert!(ran.out.contains("confidential-term"), "{}", ran.out);
        assert!(ran.out.contains("host inside") && ran.out.contains("of 17 characters"), "{}", ran.out);
    }
    silent(place.weft(&["rules", "list"]).exits(0));
    silent(place.weft(&["rules", "list", "--json"]).exits(0));
}

#[test]
fn where_they_are_listed_they_are_no_finding() {
    let place = place();
    place.write("weft.toml", SETTINGS.replace("../words.txt", "words.txt").as_bytes());
    place.write("words.txt", b"Wintergreen\n");
    silent(place.weft(&["scan"]).exits(0)).says("lists the confidential terms");
    place.write("a.txt", b"Wintergreen\n");
    silent(place.weft(&["scan"]).exits(1)).says("a.txt");
}

#[test]
fn mistakes_are_named_by_their_line_alone() {
    let place = place();
    for (settings, line) in [
        (SETTINGS.replace("[\"Project Thornbush\"]", "\"Project Thornbush\""), "weft.toml:5: "),
        (SETTINGS.replace("[\"Project Thornbush\"]", "[Project Thornbush]"), "weft.toml:"),
        (SETTINGS.replace("[\"Project Thornbush\"]", "[\"Project Thornbush]"), "weft.toml:"),
        (SETTINGS.replace("[\"Project Thornbush\"]", "{ Thornbush = Thornbush }"), "weft.toml:5: "),
        (SETTINGS.replace("\\b[a-z0-9-]+", "("), "weft.toml:9: "),
        (SETTINGS.replace("\"host inside\"", "\"db7.corp.vandelay.example\""), "weft.toml:9: "),
    ] {
        place.write("weft.toml", settings.as_bytes());
        silent(place.weft(&["scan"]).exits(2)).says(line);
    }
    place.write("weft.toml", SETTINGS.as_bytes());
    place.write("../words.txt", b"Wintergreen\nregex:wintergreen(\n");
    silent(place.weft(&["scan"]).exits(2)).says("../words.txt:2: ");
}

#[test]
fn a_change_is_judged_by_the_terms_of_its_base() {
    let place = place();
    place.weft(&["init", "--no-hooks"]).exits(0);
    let base = place.git(&["rev-parse", "HEAD"]);
    // The change takes the terms off the list and uses them.
    let cleared = SETTINGS.replace("\"Project Thornbush\"", "").replace("../words.txt", "words.txt");
    place.commit("weft.toml", cleared.as_bytes());
    place.commit("words.txt", b"# none\n");
    place.commit("notes.txt", b"Project Thornbush and Wintergreen\n");
    let range = format!("{base}..HEAD");
    let ran = silent(place.weft(&["scan", "--range", &range, "--format", "json"]).exits(1));
    assert_eq!(ran.out.matches("\"confidential-term\"").count(), 2, "{}", ran.out);
    silent(place.weft(&["gate", "--range", &range]).exits(1)).says("confidential-term");
    // Where the file is missing, a gate is never silent about it.
    std::fs::remove_file(place.code().join("../words.txt")).unwrap();
    place.git(&["checkout", "-q", "-B", "clean", &base]);
    place.commit("notes.txt", b"nothing\n");
    let ran = silent(place.weft(&["gate", "--range", &format!("{base}..HEAD")]).exits(4));
    ran.says("not checked").says("../words.txt");
}

#[test]
fn terms_in_a_tracked_file_come_from_the_base() {
    let place = place();
    place.commit("weft.toml", SETTINGS.replace("../words.txt", "words.txt").as_bytes());
    let base = place.commit("words.txt", b"Wintergreen\n");
    place.commit("words.txt", b"# none\n");
    place.commit("notes.txt", b"Wintergreen\n");
    let range = format!("{base}..HEAD");
    silent(place.weft(&["scan", "--range", &range]).exits(1)).says("notes.txt");
    // One that the change itself brings along is not believed.
    let added = format!("{base}~1..HEAD");
    silent(place.weft(&["scan", "--range", &added]).exits(4)).says("not checked");
}

#[test]
fn a_submission_hides_them_from_who_reads_it() {
    let place = place();
    place.weft(&["init", "--no-hooks"]).exits(0);
    let reply = "Done.\n\n```python path=a.py\n# for Wintergreen\nprint('new')\n```\n";
    let id = place.submit(reply, 1);
    silent(place.weft(&["review", "show", &id]).exits(0)).says("confidential-term");
}
