use proptest::prelude::*;

use super::*;

fn range(ecosystem: Ecosystem, text: &str) -> Vec<Event> {
    let mut events: Vec<Event> = text
        .split_whitespace()
        .map(|word| {
            let (kind, version) = word.split_once(':').unwrap();
            let version = version.to_owned();
            match kind {
                "in" => Event::Introduced(version),
                "fix" => Event::Fixed(version),
                "last" => Event::LastAffected(version),
                _ => Event::Limit(version),
            }
        })
        .collect();
    sort(ecosystem, &mut events);
    events
}

fn check(ecosystem: Ecosystem, version: &str, events: &str) -> Affected {
    affected(ecosystem, version, &[range(ecosystem, events)], &[])
}

#[test]
fn a_walk_over_sorted_events_decides() {
    use Affected::{No, Yes};
    for (version, events, expected) in [
        ("1.0.0", "in:0 fix:1.0.0", No),
        ("0.9.9", "in:0 fix:1.0.0", Yes),
        ("1.0.0-rc.1", "in:0 fix:1.0.0", Yes),
        ("1.5.0", "fix:2.0.0 in:1.2.0 fix:1.0.0 in:0", Yes),
        ("1.1.0", "fix:2.0.0 in:1.2.0 fix:1.0.0 in:0", No),
        ("1.0.0", "in:0 last:1.0.0", Yes),
        ("1.0.1", "in:0 last:1.0.0", No),
        ("1.0.0+build.7", "in:1.0.0 fix:1.0.1", Yes),
        ("3.0.0", "in:0 limit:2.0.0", No),
        ("1.9.0", "in:0 limit:2.0.0", Yes),
        ("v1.9", "in:1.9.0 fix:1.9.1", Yes),
    ] {
        assert_eq!(check(Ecosystem::Cargo, version, events), expected, "{version} in {events}");
    }
}

#[test]
fn python_versions_are_equal_as_pep_440_has_it() {
    let listed = |version: &str| affected(Ecosystem::PyPi, version, &[], &["3.2".into(), "2004d".into()]);
    assert_eq!(listed("3.2.0"), Affected::Yes);
    assert_eq!(listed("3.2+local.1"), Affected::Yes);
    assert_eq!(listed("2004d"), Affected::Yes);
    assert_eq!(listed("3.2.1"), Affected::No);
    assert_eq!(check(Ecosystem::PyPi, "1.0+cu118", "in:0 last:1.0"), Affected::Yes);
    assert_eq!(check(Ecosystem::PyPi, "1.0.post1", "in:0 last:1.0"), Affected::No);
    assert_eq!(check(Ecosystem::PyPi, "1.0rc1", "in:0 fix:1.0"), Affected::Yes);
}

#[test]
fn what_cannot_be_ordered_is_unsure_never_clean() {
    assert_eq!(check(Ecosystem::Cargo, "not-a-version", "in:0 fix:1.0.0"), Affected::Unsure);
    assert_eq!(check(Ecosystem::Npm, "1.0.0", "in:0 fix:someday"), Affected::Unsure);
    let two = [range(Ecosystem::Npm, "in:0 fix:someday"), range(Ecosystem::Npm, "in:0 fix:2.0.0")];
    assert_eq!(affected(Ecosystem::Npm, "1.0.0", &two, &[]), Affected::Yes);
}

#[test]
fn fixes_are_those_above_in_order() {
    let ranges = [range(Ecosystem::Npm, "in:0 fix:1.2.0 in:2.0.0 fix:2.10.0 in:3.0.0 fix:3.1.0")];
    assert_eq!(fixes(Ecosystem::Npm, "2.3.0", &ranges), ["2.10.0", "3.1.0"]);
    assert!(fixes(Ecosystem::Npm, "4.0.0", &ranges).is_empty());
}

#[test]
fn python_names_are_normalised() {
    assert_eq!(Ecosystem::PyPi.key("Foo__Bar.-baz"), "foo-bar-baz");
    assert_eq!(Ecosystem::Cargo.key("Foo_bar"), "Foo_bar");
}

/// Each line is in order; versions with `=` between them are equal.
fn ordered(ecosystem: Ecosystem, lines: &str) {
    for line in lines.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for three in words.windows(3).step_by(2) {
            let [one, sign, other] = three else { continue };
            let expected = if *sign == "=" { Ordering::Equal } else { Ordering::Less };
            assert_eq!(compare(ecosystem, one, other), Some(expected), "{ecosystem}: {one} {sign} {other}");
            assert_eq!(
                compare(ecosystem, other, one),
                Some(expected.reverse()),
                "{ecosystem}: {other}, {one}"
            );
        }
    }
}

#[test]
fn each_ecosystem_has_its_order() {
    let semantic = "\
1.0.0-0 < 1.0.0-1 < 1.0.0-1a < 1.0.0-A < 1.0.0-a < 1.0.0-a.1 < 1.0.0-a.a < 1.0.0-rc.2 < 1.0.0-rc.10 < 1.0.0 < 1.0.1
v1 = 1.0 = =1.0.0 = 1.0.0+build < 1.0.0.1 < 1.1
99999999999999999999.0.0 < 100000000000000000000.0.0
1.2.3beta = 1.2.3-beta";
    for ecosystem in [Ecosystem::Cargo, Ecosystem::Npm, Ecosystem::Go] {
        ordered(ecosystem, semantic);
    }
    ordered(Ecosystem::NuGet, "1.0-Alpha = 1.0.0.0-alpha < 1.0-BETA < 1.0 < 1.0.0.1 < 1.0.1");
    ordered(Ecosystem::PyPi, "2004d < 2004e < 0.1.dev1 < 0.1a1 < 0.1 = 0.1.0 < 0.1.post1 < 1!0");
    ordered(Ecosystem::PyPi, "0.7.rc.x1 < 0.7.x1 < 0.7.4.svn.r2010");
    ordered(
        Ecosystem::RubyGems,
        "1.a = 1.0.a < 1.b < 1.0-2 = 1.pre.2 < 1 = 1.0.0 < 1.0.1.rc < 1.0.1 < 1.2 < 1.10",
    );
    ordered(
        Ecosystem::Packagist,
        "1.0x < 1.0-dev < 1.0a1 = 1.0-alpha.1 < 1.0b < 1.0RC1 < 1.0RC2 < 1.0 = v1.0 < 1.0.1 < 1.0pl1",
    );
    let maven = "\
1-alpha-1 = 1-a1 < 1-alpha-2 < 1-beta < 1-milestone < 1-rc = 1-cr < 1-SNAPSHOT < 1 = 1.0 = 1-ga = 1.0.0-final < 1-sp < 1-jre
1.x < 1-x < 1-1 < 1.1";
    ordered(Ecosystem::Maven, maven);
}

#[test]
fn what_is_no_version_has_no_place() {
    for (ecosystem, texts) in [
        (Ecosystem::Cargo, &["", "x", "1.x", "1.0.0-", "1..0", "1.0.0-a..b", "1.0.0-\u{e9}", "-1"][..]),
        (Ecosystem::PyPi, &["", "trunk", "one point 1"]),
        (Ecosystem::RubyGems, &["a", "1..2", "1 2", "1-", "1.\u{661}"]),
        (Ecosystem::NuGet, &["", "1.0.*"]),
    ] {
        for text in texts {
            assert_eq!(compare(ecosystem, text, "1"), None, "{ecosystem}: {text}");
        }
    }
}

proptest! {
    #[test]
    fn orders_are_orders(texts in proptest::collection::vec(r"v?[0-9]{1,3}([.+-]?([0-9]{1,2}|[abcdprv]{1,3}|rc|x)){0,4}", 3)) {
        for ecosystem in Ecosystem::ALL {
            let order = |one: usize, other: usize| compare(ecosystem, &texts[one], &texts[other]);
            for (one, other) in [(0, 1), (1, 2), (0, 2)] {
                prop_assert_eq!(order(one, other), order(other, one).map(Ordering::reverse));
            }
            // By Maven's specification 0rc < 0 < v0 < 0rc: a qualifier without a number before it is padded like one behind.
            if ecosystem == Ecosystem::Maven && texts.iter().any(|text| text.starts_with('v')) {
                continue;
            }
            if order(0, 1) == Some(Ordering::Less) && order(1, 2) == Some(Ordering::Less) {
                prop_assert_eq!(order(0, 2), Some(Ordering::Less), "{}: {:?}", ecosystem, texts);
            }
        }
    }

    #[test]
    fn any_text_is_compared(one in ".{0,24}", other in ".{0,24}") {
        for ecosystem in Ecosystem::ALL {
            let _ = compare(ecosystem, &one, &other);
        }
    }
}
