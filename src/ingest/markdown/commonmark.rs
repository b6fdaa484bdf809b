//! The fences and hidden places that a CommonMark reader sees, by pulldown-cmark.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::html::Concealed;

/// One fenced code block.
#[derive(Debug)]
pub(super) struct Block {
    /// From the opening fence to the end of the closing one.
    pub(super) range: Range<usize>,
    /// The info string, escapes resolved.
    pub(super) info: String,
    /// The content as rendered: without the markers of quotes and lists it stands in.
    pub(super) text: String,
    /// From the first byte of the content to the last, with markers that stand between.
    pub(super) content: Range<usize>,
}

/// What is on the page, and what of it nobody sees.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    /// Places that are not rendered, and why; in order of their start.
    pub(super) hidden: Vec<(Range<usize>, &'static str)>,
}

/// Reads `text`, without recursion and in linear time.
pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut open: Option<Block> = None;
    let mut concealed = Concealed::default();
    let parser = Parser::new_ext(text, Options::empty());
    for (_, definition) in parser.reference_definitions().iter() {
        page.hidden.push((definition.span.clone(), "inside a link reference definition"));
    }
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let end = range.end;
                open =
                    Some(Block { range, info: info.into_string(), text: String::new(), content: end..end });
            }
            Event::Text(part) => {
                if let Some(block) = &mut open {
                    if block.text.is_empty() {
                        block.content.start = range.start;
                    }
                    block.content.end = range.end;
                    block.text.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(open.take()),
            Event::Html(html) | Event::InlineHtml(html) => concealed.read(&html, range),
            _ => {}
        }
    }
    page.hidden.extend(concealed.finish(text.len()));
    page.hidden.sort_by_key(|(range, _)| (range.start, range.end));
    page
}
