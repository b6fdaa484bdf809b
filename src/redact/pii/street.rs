//! Street addresses: a house number with a street, and a postcode behind it or a word for a home before it.

use std::ops::Range;

use super::context::Context;
use super::words::HOME;

/// How far behind its word an address may begin.
const REACH: usize = 24;

/// What streets end in where the number comes first.
const STREETS: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "boulevard",
    "blvd",
    "court",
    "ct",
    "way",
    "place",
    "pl",
    "terrace",
    "close",
    "crescent",
    "square",
    "parkway",
    "pkwy",
    "highway",
    "hwy",
    "circle",
    "trail",
    "row",
    "gardens",
    "grove",
    "mews",
    "hill",
    "broadway",
];

/// What streets begin with where the number comes first.
const RUES: &[&str] = &[
    "rue",
    "avenue",
    "boulevard",
    "place",
    "chemin",
    "impasse",
    "all\u{e9}e",
    "quai",
    "cours",
    "route",
    "av.",
    "bd",
];

/// What streets begin with where the number comes last.
const CALLES: &[&str] = &[
    "calle", "c/", "avenida", "avda.", "avda", "av.", "paseo", "plaza", "carrer", "via", "viale", "piazza",
    "corso", "largo", "rua", "travessa", "ulica", "ul.", "al.", "aleja",
];

/// What streets end in where the number comes last.
const STRASSEN: &[&str] = &[
    "stra\u{df}e",
    "strasse",
    "str.",
    "weg",
    "platz",
    "allee",
    "gasse",
    "ring",
    "damm",
    "ufer",
    "straat",
    "laan",
    "plein",
    "gracht",
    "kade",
    "dijk",
    "gatan",
    "v\u{e4}gen",
    "gade",
    "vej",
    "gata",
    "veien",
    "katu",
    "tie",
];

/// The address around the house number `start..end`.
pub(super) fn at(text: &str, start: usize, end: usize, context: &mut Context<'_>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if end - start > 5
        || start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || b".-_/$#%+".contains(&bytes[start - 1]))
    {
        return None;
    }
    let (first, street) = number_first(text, start, end).or_else(|| number_last(text, start, end))?;
    let whole = postcode(text, street);
    let home = context.distance(HOME, first, REACH).is_some();
    let end = whole.or(home.then_some(street))?;
    Some(first..end)
}

/// `221B Baker Street`, `12 bis rue de la Paix`: where the street begins and ends.
fn number_first(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let mut words = Tokens::new(text, end);
    // A letter may belong to the number.
    if text[end..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        words.next().filter(|word| word.len() == 1)?;
    }
    let mut name = 0;
    for place in 0..6 {
        let word = words.next()?;
        let lower = word.to_lowercase();
        if place < 2 && RUES.contains(&lower.as_str()) {
            return french(&mut words).map(|end| (start, end));
        }
        if place == 0 && matches!(lower.as_str(), "bis" | "ter") {
            continue;
        }
        let capital = word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        if name > 0 && capital && STREETS.contains(&lower.trim_end_matches('.')) {
            return Some((start, words.end));
        }
        if !capital || words.broken {
            return None;
        }
        name += 1;
    }
    None
}

/// The name of a French street: until a comma, a line break or a postcode.
fn french(words: &mut Tokens<'_>) -> Option<usize> {
    let mut named = None;
    for _ in 0..6 {
        let (end, before) = (words.end, words.at);
        let Some(word) = words.next() else { break };
        if words.comma || words.broken || word.starts_with(|c: char| c.is_ascii_digit()) {
            (words.end, words.at) = (end, before);
            break;
        }
        let small =
            matches!(word, "de" | "du" | "des" | "la" | "le" | "les" | "l" | "d" | "en" | "et" | "sur");
        if !small
            && !word.starts_with(char::is_uppercase)
            && !word.contains('\'')
            && !word.contains('\u{2019}')
        {
            (words.end, words.at) = (end, before);
            break;
        }
        if !small {
            named = Some(words.end);
        }
    }
    named
}

/// `Hauptstra\u{df}e 12a`, `Calle Mayor 10`: where the street begins, and the end of the number.
fn number_last(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let before = text[..start].strip_suffix(", ").or_else(|| text[..start].strip_suffix(' '))?;
    let line = before.rsplit(['\n', ',', ':', ';', '"', '(']).next().unwrap_or("");
    let line = line.get(line.ceil_char_boundary(line.len().saturating_sub(60))..)?;
    let ends = |word: &str| {
        let lower = word.to_lowercase();
        word.starts_with(char::is_uppercase)
            && STRASSEN
                .iter()
                .any(|end| lower.ends_with(end) && (lower.len() > end.len() || line.contains(' ')))
    };
    let mut words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let last = words.pop()?;
    let first = if ends(last) {
        // `Lange Stra\u{df}e`: a street word that stands alone takes its adjective along.
        let adjective = words.last().filter(|word| {
            STRASSEN.contains(&last.to_lowercase().as_str()) && word.starts_with(char::is_uppercase)
        });
        adjective.copied().unwrap_or(last)
    } else {
        words.push(last);
        *words.iter().rev().take(5).find(|word| CALLES.contains(&word.to_lowercase().as_str()))?
    };
    let first = first.as_ptr() as usize - text.as_ptr() as usize;
    let suffix = text[end..].starts_with(|c: char| c.is_ascii_lowercase())
        && !text[end + 1..].starts_with(|c: char| c.is_alphanumeric());
    Some((first, end + usize::from(suffix)))
}

/// The end of the postcode and town behind a street that ends at `street`.
fn postcode(text: &str, street: usize) -> Option<usize> {
    let mut words = Tokens::new(text, street);
    let mut breaks = 0;
    for place in 0..8 {
        let word = words.next()?;
        breaks += usize::from(words.broken);
        if breaks > 2 {
            return None;
        }
        let shape = shape(word);
        let end = words.end;
        let mut peek = words.clone();
        let next = peek.next().filter(|_| !peek.comma && !peek.broken);
        let town = next
            .filter(|next| next.starts_with(char::is_uppercase) && next.chars().count() > 2)
            .map(|_| peek.end);
        match shape.as_str() {
            // British and Canadian ones are of two words.
            "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A" => {
                if next.is_some_and(|next| matches!(shape_of(next).as_str(), "9AA" | "9A9")) {
                    return Some(peek.end);
                }
            }
            "9999" if next.is_some_and(|next| shape_of(next) == "AA") => {
                let mut further = peek.clone();
                let town =
                    further.next().filter(|town| !further.broken && town.starts_with(char::is_uppercase));
                return Some(town.map_or(peek.end, |_| further.end));
            }
            "99999" | "99999-9999" | "99999-999" | "99-999" | "999999" => return Some(town.unwrap_or(end)),
            "9999" if town.is_some() || place > 1 => return Some(town.unwrap_or(end)),
            _ => {}
        }
        let unit = word.starts_with('#') || shape.bytes().all(|class| class == b'9') && word.len() < 5;
        let named = word.starts_with(|c: char| c.is_uppercase())
            || matches!(
                word,
                "apt"
                    | "apt."
                    | "suite"
                    | "unit"
                    | "flat"
                    | "floor"
                    | "de"
                    | "of"
                    | "am"
                    | "an"
                    | "der"
                    | "the"
                    | "and"
            );
        if !(unit || named) {
            return None;
        }
    }
    None
}

fn shape_of(word: &str) -> String {
    shape(word)
}

/// A word with `9` for each digit and `A` for each capital.
fn shape(word: &str) -> String {
    let class = |c: char| match c {
        '0'..='9' => '9',
        'A'..='Z' => 'A',
        other => other,
    };
    word.chars().take(12).map(class).collect()
}

/// The words behind a place: where each ends, and what stood before it.
#[derive(Clone)]
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    comma: bool,
    broken: bool,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        Tokens { text, at, end: at, comma: false, broken: false }
    }

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let blank = rest
            .find(|c: char| !matches!(c, ' ' | ',' | '\n' | '\r' | '\t' | '\u{a0}'))
            .filter(|blank| *blank < 8)?;
        (self.comma, self.broken) = (rest[..blank].contains(','), rest[..blank].contains('\n'));
        // A line break as JSON writes it.
        let rest = &rest[blank..];
        let (rest, skipped) = match rest.strip_prefix("\\n") {
            Some(after) => (after, 2),
            None => (rest, 0),
        };
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'' | '\u{2019}' | '.' | '#' | '/');
        let length =
            rest.char_indices().take(32).find(|(_, c)| !inside(*c)).map_or(rest.len().min(32), |(at, _)| at);
        let word = rest.get(..length)?;
        // A full stop ends the sentence, but for `St.` and the like.
        let short = word.len() < 5 && !word.contains(|c: char| c.is_ascii_digit());
        let word = if short { word } else { word.trim_end_matches('.') };
        if word.is_empty() {
            return None;
        }
        self.end = self.at + blank + skipped + word.len();
        self.at = self.end;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let mut context = Context::new(text);
        let mut at = 0;
        while let Some(digit) = text[at..].find(|c: char| c.is_ascii_digit()) {
            let start = at + digit;
            let end = start + text[start..].bytes().take_while(u8::is_ascii_digit).count();
            if let Some(range) = super::at(text, start, end, &mut context) {
                return Some(&text[range]);
            }
            at = end;
        }
        None
    }

    #[test]
    fn an_address_with_its_postcode_is_found_whole() {
        for address in [
            "742 Evergreen Terrace, Springfield, OR 97403",
            "1600 Amphitheatre Parkway, Mountain View, CA 94043-1351",
            "221B Baker Street, London NW1 6XE",
            "Hauptstra\u{df}e 12a, 10115 Berlin",
            "Lange Stra\u{df}e 5, 70174 Stuttgart",
            "12 rue de la Paix, 75002 Paris",
            "Calle Mayor 10, 28013 Madrid",
            "Via Roma 10, 00184 Roma",
            "Kerkstraat 12, 1017 GC Amsterdam",
            "Bahnhofstrasse 1, 8001 Z\u{fc}rich",
        ] {
            assert_eq!(found(&format!("She moved to {address}.")), Some(address));
        }
    }

    #[test]
    fn without_a_postcode_a_word_is_needed() {
        assert_eq!(found("he lives at 12 Elm Street now"), Some("12 Elm Street"));
        assert_eq!(found("Anschrift: Gartenweg 3"), Some("Gartenweg 3"));
        for text in [
            "12 Elm Street is a film",
            "in 3 Easy Steps",
            "call 12 Times a Day",
            "see Section 5 Road map",
            "Weg 3",
            "100 rows in 2024 Way",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
