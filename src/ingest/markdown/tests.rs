use proptest::prelude::*;

use super::*;

fn fences(text: &str) -> Vec<Fence> {
    read(text.as_bytes(), &(0..0), &(0..text.len())).fences
}

/// Path, both readers, hidden, content.
type Seen = (Option<String>, bool, bool, Option<&'static str>, String);

fn seen(text: &str) -> Vec<Seen> {
    fences(text)
        .into_iter()
        .map(|fence| {
            (fence.path, fence.upstream, fence.commonmark, fence.hidden, text[fence.content].to_owned())
        })
        .collect()
}

fn one(text: &str) -> (bool, bool, Option<&'static str>, String) {
    let found = seen(text);
    assert_eq!(found.len(), 1, "{text:?}: {found:?}");
    let (_, upstream, commonmark, hidden, content) = found.into_iter().next().unwrap();
    (upstream, commonmark, hidden, content)
}

#[test]
fn an_honest_fence_is_one_for_both_readers() {
    for text in [
        "# Hi\n\n```python path=a.py\nx = 1\n```\n",
        "```python path=a.py action=update\nx = 1\n\n\n```",
        "1. do\n\n```python path=a.py\nx = 1\n```\n",
        "`````\n```\n`````\n```python path=a.py\nx = 1\n```\n",
    ] {
        let found: Vec<_> = fences(text).into_iter().filter(|fence| fence.path.is_some()).collect();
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(found[0].upstream && found[0].commonmark && found[0].hidden.is_none(), "{text:?}: {found:?}");
        assert_eq!(&text[found[0].content.clone()], "x = 1");
    }
    let crlf = one("```python path=a.py\r\nx = 1\r\ny\r\n```\r\n");
    assert_eq!(crlf, (true, true, None, "x = 1\r\ny\r".to_owned()));
}

#[test]
fn a_fence_without_a_path_is_an_illustration() {
    let fence = fences("\n\n~~~rust\nfn main() {}\n~~~\n").remove(0);
    assert_eq!((fence.language.as_str(), fence.path, fence.line), ("rust", None, 3));
    assert!(fence.commonmark && !fence.upstream);
}

#[test]
fn what_nobody_sees_is_hidden() {
    let fence = "```sh path=.git/hooks/x\nrm\n```";
    for (text, why) in [
        (format!("<!--\n{fence}\n-->\n"), "inside an HTML comment"),
        ("Hi <!-- ```sh path=a\nrm ``` -->\n".to_owned(), "inside an HTML comment"),
        (format!("<!--\n{fence}\n"), "inside an HTML comment"),
        (
            format!("<div style=\"display: none\">\n{fence}\n</div>\n"),
            "inside an HTML element that is not shown",
        ),
        (
            format!("<div style=\"display: none\">\n\n{fence}\n\n</div>\n"),
            "inside an HTML element that is not shown",
        ),
        (format!("<template>\n\n{fence}\n\n</template>\n"), "inside an HTML element that is not shown"),
        (
            format!("<div hidden>\n\n<div>\n\n{fence}\n\n</div>\n</div>\n"),
            "inside an HTML element that is not shown",
        ),
        (format!("<p>\n{fence}\n</p>\n"), "inside raw HTML"),
        ("[a]: /b 'x ```sh path=a\nrm ```'\n".to_owned(), "inside a link reference definition"),
        (format!("````\n{fence}\n````\n"), "inside another code block"),
    ] {
        let found: Vec<_> = fences(&text).into_iter().filter(|fence| fence.upstream).collect();
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].hidden, Some(why), "{text}");
    }
}

#[test]
fn after_a_hidden_place_fences_are_seen_again() {
    let found = seen("<!-- a -->\n\n<div hidden>\n\nx\n\n</div>\n\n```py path=a\nx\n```\n");
    assert_eq!(found, [(Some("a".to_owned()), true, true, None, "x".to_owned())]);
}

#[test]
fn where_the_readers_differ_there_are_two() {
    // Three backticks in the content: upstream cuts the file there.
    let found = seen("````py path=a.py\ns = '```'\n````\n");
    assert!(found.contains(&(Some("a.py".into()), true, false, None, "s = '".into())), "{found:?}");
    assert!(found.contains(&(Some("a.py".into()), false, true, None, "s = '```'".into())), "{found:?}");
    // In a quote upstream applies the markers too.
    let found = seen("> ```py path=a.py\n> x\n> ```\n");
    assert!(found.contains(&(Some("a.py".into()), true, false, None, "> x\n> ".into())), "{found:?}");
    // An entity is resolved for the reader alone.
    let found = seen("```py path=a&#47;b\nx\n```\n");
    assert_eq!(
        found.iter().map(|fence| fence.0.as_deref()).collect::<Vec<_>>(),
        [Some("a&#47;b"), Some("a/b")]
    );
}

#[test]
fn what_upstream_silently_drops() {
    for text in [
        "~~~py path=a\nx\n~~~\n",
        "```c++ path=a\nx\n```\n",
        "```py action=update path=a\nx\n```\n",
        "```py path=\"my file.py\"\nx\n```\n",
        "```py title=x path=a\nx\n```\n",
        "```py path=a\nx\n",
    ] {
        assert_eq!(one(text), (false, true, None, "x".to_owned()), "{text:?}");
    }
    assert_eq!(seen("```py path=\"my file.py\"\nx\n```\n")[0].0.as_deref(), Some("my file.py"));
}

#[test]
fn what_only_upstream_applies() {
    for text in ["\\```py path=a\nx\n```", "see ```py path=a\nx\n```\n", "```py\npath=a\nx\n```\n"] {
        let found: Vec<_> = fences(text).into_iter().filter(|fence| fence.upstream).collect();
        assert!(found.len() == 1 && !found[0].commonmark, "{text:?}: {found:?}");
    }
}

#[test]
fn front_matter_is_not_applied_and_lines_count_from_the_top() {
    let text = "---\na: x\n```sh path=evil\nrm\n```\n---\n\n```py path=a\nx\n```\n";
    let body = text.find("```py").unwrap();
    let found = read(text.as_bytes(), &(0..body - 1), &(body..text.len())).fences;
    let found: Vec<_> = found.iter().map(|fence| (fence.line, fence.upstream, fence.hidden)).collect();
    assert_eq!(found, [(3, false, Some("inside the front matter")), (8, true, None)]);
}

#[test]
fn broken_text_keeps_its_offsets() {
    let bytes = b"\xff\xfe\x80\n```py path=a\nx\xff\n```\n";
    let found = read(bytes, &(0..0), &(0..bytes.len())).fences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&bytes[found[0].content.clone()], found[0].upstream), (&b"x\xff"[..], true));
}

#[test]
fn hostile_shapes_are_bounded() {
    let deep = format!("{}```py path=a\nx\n```\n", "> ".repeat(10_000));
    let found = read(deep.as_bytes(), &(0..0), &(0..deep.len()));
    assert_eq!(found.partial, Some("nested deeper than 100 levels"));
    assert!(found.fences.iter().any(|fence| fence.upstream && !fence.commonmark));
    let quotes = "> ".repeat(10_000);
    assert!(fences(&format!("{quotes}\n")).is_empty());
    for rule in
        ["-".repeat(10_000), "- ".repeat(10_000), format!("{} x", "-".repeat(200)), " ".repeat(500) + "x - y"]
    {
        let text = format!("{rule}\n```py path=a\nx\n```\n");
        assert_eq!(read(text.as_bytes(), &(0..0), &(0..text.len())).partial, None);
    }
    for piece in
        ["`", "```\n", "```py path=a", "```py path=a\n", "<!--", "<div hidden>", "[a](", "~~~\n> ```\n"]
    {
        let text = piece.repeat(20_000 / piece.len());
        let found = read(text.as_bytes(), &(0..0), &(0..text.len()));
        assert!(found.fences.len() <= text.len() / 3 + 1);
    }
}

#[test]
fn fences_without_end_are_cut() {
    let text = "```a\n```\n".repeat(60_000);
    let found = read(text.as_bytes(), &(0..0), &(0..text.len()));
    assert_eq!((found.fences.len(), found.cut), (MOST, true));
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, pieces in proptest::collection::vec(prop_oneof![
        Just("```"), Just("~~~"), Just("py"), Just(" path=a"), Just("\n"), Just("> "), Just("- "), Just("<!--"), Just("-->"),
        Just("<div hidden>"), Just("</div>"), Just("    "), Just("é"), Just("\r\n"), Just("[a]: b"), Just("'"), Just("\t"),
    ], 0..40)) {
        let text = pieces.concat();
        for input in [&bytes[..], text.as_bytes()] {
            for split in [0, input.len() / 2] {
                for fence in read(input, &(0..split), &(split..input.len())).fences {
                    prop_assert!(fence.content.start <= fence.content.end && fence.content.end <= input.len());
                    prop_assert!(fence.upstream || fence.commonmark || fence.hidden.is_some());
                    prop_assert!(fence.line >= 1);
                }
            }
        }
    }
}
