//! Rule files read: what becomes of each field, and what is said of the rest.

use super::*;
use crate::rule::Target;

fn read(text: &str) -> Result<Imported, String> {
    import("team.toml", text, &mut |path| {
        match path {
        "base.toml" => Ok("[allowlist]\npaths = ['^vendor/']\n[[rules]]\nid = \"a\"\nregex = 'base_a'\nentropy = 3.0\n\
            keywords = [\"BASE\"]\n[[rules]]\nid = \"b\"\nregex = 'base_b'\n[[rules]]\nid = \"c\"\nregex = 'base_c'\n"
            .into()),
        "loop.toml" => Ok("[extend]\npath = \"loop.toml\"\n".into()),
        _ => Err("no such file".into()),
    }
    })
}

fn secret(rule: &Rule) -> &SecretMatch {
    match &rule.matcher {
        Match::Secret(wanted) => wanted,
        _ => panic!("{} is no rule for a secret", rule.id),
    }
}

#[test]
fn a_rule_becomes_a_rule() {
    let read = read(
        "title = \"ours\"\n\n[[rules]]\nid = \"Acme_Deploy Key\"\ndescription = \"Found an Acme key, which opens the door.\"\n\
         regex = '''(?i)acme\\_[\\w-]{8}'''\nsecretGroup = 1\nentropy = 3\nkeywords = [\"ACME_\"]\npath = '''\\.env$'''\ntags = [\"x\"]\n\
         [[rules.allowlists]]\ncondition = \"AND\"\nregexTarget = \"line\"\nregexes = ['^#']\nstopwords = [\"Sample\"]\n\
         [[rules.allowlists]]\npaths = ['^test/']\n",
    )
    .unwrap();
    assert_eq!((read.rules.len(), read.notes.len()), (1, 0));
    let rule = &read.rules[0];
    assert_eq!((rule.id.as_str(), rule.message.as_str()), ("acme-deploy-key", "Found an Acme key"));
    let wanted = secret(rule);
    assert_eq!(wanted.keywords, ["acme_"]);
    assert_eq!((wanted.group, wanted.entropy, wanted.path.as_deref()), (Some(1), Some(3.0), Some(r"\.env$")));
    assert_eq!(wanted.imported.as_deref(), Some("team.toml:3"));
    assert_eq!(wanted.allow.len(), 2);
    assert!(wanted.allow[0].every && wanted.allow[0].target == Target::Line);
    assert_eq!(wanted.allow[0].stopwords, ["sample"]);
}

#[test]
fn exceptions_for_all_rules_and_for_one_reach_them() {
    let read = read(
        "[[allowlists]]\nregexes = ['^x$']\n[[allowlists]]\ntargetRules = [\"b\"]\nstopwords = [\"y\"]\n\
         [[rules]]\nid = \"a\"\nregex = 'a'\n[[rules]]\nid = \"b\"\nregex = 'b'\n",
    )
    .unwrap();
    assert_eq!((secret(&read.rules[0]).allow.len(), secret(&read.rules[1]).allow.len()), (1, 2));
}

#[test]
fn extended_rules_are_completed_and_switched_off() {
    let read = read(
        "[extend]\npath = \"base.toml\"\ndisabledRules = [\"b\"]\n[[rules]]\nid = \"a\"\nregex = 'ours'\nkeywords = [\"our\"]\n",
    )
    .unwrap();
    let ids: Vec<&str> = read.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "c"]);
    let wanted = secret(&read.rules[0]);
    assert_eq!((wanted.regex.as_str(), wanted.entropy), ("ours", Some(3.0)));
    assert_eq!(wanted.keywords, ["our", "base"]);
    assert_eq!(wanted.allow[0].paths, ["^vendor/"]);
}

#[test]
fn what_is_not_supported_is_told() {
    let read = read(
        "colour = 1\n[extend]\nuseDefault = true\nurl = \"https://rules.example/\"\ndisabledRules = [\"z\"]\n\
         [[rules]]\nid = \"default\"\nentropy = 4.0\n\
         [[rules]]\nid = \"part\"\nregex = 'p'\nskipReport = true\n\
         [[rules]]\nid = \"main\"\nregex = 'm'\nvalidate = \"x\"\nfilter = \"a && b\"\ntokenEfficiency = true\nsecretgroup = 1\nodd = 1\n\
         [[rules.required]]\nid = \"part\"\n[rules.allowlist]\ncommits = [\"abc\"]\nregexes = ['x']\n",
    )
    .unwrap();
    assert_eq!(read.rules.len(), 1);
    assert_eq!(secret(&read.rules[0]).allow.len(), 1);
    let notes = read.notes.join("\n");
    for word in [
        "useDefault",
        "extend.url",
        "disabledRules",
        "only change a default rule",
        "skipReport",
        "validate",
        "filter",
        "tokenEfficiency",
        "required",
        "commits",
        "`odd`",
        "`colour`",
    ] {
        assert!(notes.contains(word), "{word} in\n{notes}");
    }
}

#[test]
fn errors_name_the_line() {
    for (text, start) in [
        ("[[rules]]\nid = \"a\"\nregex = 'x'\n\n[[rules]]\nid = \"b\"\n", "team.toml:5: rule b: "),
        ("[[rules]]\nregex = 'x'\n", "team.toml:1: "),
        ("title = 1\nrules = 3\n", "team.toml:2: "),
        ("[[rules]]\nid = \"a\"\nregex = 3\n", "team.toml:3: "),
        (
            "[[rules]]\nid = \"a\"\nregex = 'x'\n[[rules.allowlists]]\ncondition = \"XOR\"\nregexes = ['a']\n",
            "team.toml:1: `condition`",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex = 'x'\n[[rules.allowlists]]\nregexTarget = \"file\"\nregexes = ['a']\n",
            "team.toml:1: `regexTarget`",
        ),
        ("[extend]\npath = \"gone.toml\"\n", "team.toml: cannot read gone.toml"),
        ("[extend]\npath = \"loop.toml\"\n", "loop.toml: more than 3 files"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(start), "{error}");
    }
    let long = format!("[[rules]]\nid = \"a\"\nregex = '{}'\n", "x".repeat(PATTERN + 1));
    assert!(read(&long).unwrap_err().contains("at most 10000 characters"));
    let many = "[[rules]]\nid = \"a\"\nregex = 'x'\n".repeat(RULES + 1);
    assert!(read(&many).unwrap_err().contains("more than 5000 rules"));
    assert!(read(&"#".repeat(LONGEST + 1)).is_err());
}

#[test]
fn ids_give_way_to_those_that_are_there() {
    let mut set = crate::built_in_rules();
    let twice =
        "[[rules]]\nid = \"github-token\"\nregex = 'x'\n[[rules]]\nid = \"own\"\nregex = 'y'\n".repeat(2);
    let ids: Vec<String> =
        read(&twice).unwrap().rules.into_iter().map(|rule| set.add_imported(rule)).collect();
    assert_eq!(ids, ["imported-github-token", "own", "imported-github-token-2", "own-2"]);
    assert!(ids.iter().all(|id| set.get(id).is_some()));
}
