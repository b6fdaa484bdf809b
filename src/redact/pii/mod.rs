//! Personal data: addresses, phone numbers, cards, accounts, the numbers that authorities give to people, dates of
//! birth. One pass over the digits of a text; a candidate is tested from the cheapest test to the dearest.

mod account;
mod birth;
mod card;
mod checksum;
mod context;
mod email;
mod identifier;
mod kinds;
mod network;
mod phone;
mod shape;
mod street;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::ops::Range;

use super::detect::Found;
use crate::artifact::Role;
use crate::finding::Confidence;
use crate::rule::Rule;

pub(super) use account::iban;
pub(super) use card::card;
use context::Context;
use identifier::Identifiers;

/// How a text is read. What people write holds personal data about somebody; a file of a repository mostly holds
/// numbers that look like it, so there a word has to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// A prompt or a reply.
    Prose,
    /// A file of a repository, or bound for it.
    File,
}

impl Reading {
    /// How an original of this role is read.
    pub(super) fn of(role: Role) -> Self {
        match role {
            Role::Prompt | Role::Reply => Reading::Prose,
            Role::Code | Role::Document => Reading::File,
        }
    }
}

/// What a candidate turned out to be: its rule, its bytes, and how sure; `None` for the confidence of the rule's page.
type Hit = (usize, Range<usize>, Option<Confidence>);

/// The rules that are in the set, by what reports them.
pub(super) struct Rules {
    email: Option<usize>,
    card: Option<usize>,
    iban: Option<usize>,
    bic: Option<usize>,
    phone: Option<usize>,
    birth: Option<usize>,
    street: Option<usize>,
    ip: Option<usize>,
    mac: Option<usize>,
    identifiers: Identifiers,
}

impl Rules {
    /// The rules for personal data; `index` gives the place of a rule by its id, when it is in the set.
    pub(super) fn new(index: impl Fn(&str) -> Option<usize>) -> Self {
        Rules {
            email: index("email"),
            card: index("payment-card"),
            iban: index("iban"),
            bic: index("bank-identifier-code"),
            phone: index("phone-number"),
            birth: index("date-of-birth"),
            street: index("street-address"),
            ip: index("ip-address"),
            mac: index("mac-address"),
            identifiers: Identifiers::new(index),
        }
    }

    /// Adds the personal data of `text` to `found`, in no order. `rules` gives the confidence of each page.
    pub(super) fn find(&self, text: &str, reading: Reading, rules: &[Rule], found: &mut Vec<Found>) {
        let mut push = |(rule, range, confidence): Hit| {
            if let Some(page) = rules.get(rule) {
                found.push(Found::plain(range, rule, confidence.unwrap_or(page.confidence)));
            }
        };
        if let Some(rule) = self.email {
            email::addresses(text, reading, |range| push((rule, range, None)));
        }
        if let Some(rule) = self.bic {
            account::banks(text, |range| push((rule, range, None)));
        }
        let bytes = text.as_bytes();
        let mut context = Context::new(text);
        let mut at = 0;
        while let Some(start) = text::digit(bytes, at) {
            let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = end;
            if !worth_a_look(bytes, start, end, reading) {
                continue;
            }
            if let Some(hit) = self.number(text, start..end, reading, &mut context) {
                at = at.max(hit.1.end);
                push(hit);
            }
        }
    }

    /// What the run of digits begins or stands in.
    fn number(
        &self,
        text: &str,
        run: Range<usize>,
        reading: Reading,
        context: &mut Context<'_>,
    ) -> Option<Hit> {
        let (start, end) = (run.start, run.end);
        let with = |rule: Option<usize>, found: &dyn Fn() -> Option<Range<usize>>| {
            rule.and_then(|rule| Some((rule, found()?, None)))
        };
        let sure = with(self.iban, &|| account::at(text, start))
            .or_else(|| with(self.card, &|| card::at(text, start)));
        if sure.is_some() {
            return sure;
        }
        if let Some(rule) = self.phone.filter(|_| start > 0 && text.as_bytes()[start - 1] == b'+')
            && (reading == Reading::Prose || phone::spoken_of(start, context))
            && let Some(range) = phone::international(text, start)
        {
            return Some((rule, range, None));
        }
        if let Some(hit) = self.identifiers.at(text, start, end, reading, context) {
            return Some(hit);
        }
        let prose = reading == Reading::Prose;
        if let Some(rule) = self.ip.filter(|_| prose)
            && let Some(range) = network::ipv4(text, start, context).or_else(|| network::ipv6(text, start))
        {
            return Some((rule, range, None));
        }
        if let Some(rule) = self.mac.filter(|_| prose)
            && let Some(range) = network::hardware(text, start)
        {
            return Some((rule, range, None));
        }
        if let Some(rule) = self.birth.filter(|_| prose)
            && let Some(range) = birth::at(text, start, end, context)
        {
            return Some((rule, range, None));
        }
        if let Some(rule) = self.phone
            && let Some(range) = phone::national(text, start, context)
        {
            return Some((rule, range, None));
        }
        let rule = self.street.filter(|_| prose)?;
        Some((rule, street::at(text, start, end, context)?, None))
    }
}

/// The cheapest test: most digits of source code belong to names, indices and small numbers.
fn worth_a_look(bytes: &[u8], start: usize, end: usize, reading: Reading) -> bool {
    let before = start.checked_sub(1).map_or(b' ', |at| bytes[at]);
    if before == b'_' {
        return false;
    }
    if reading == Reading::Prose || end - start > 5 {
        return true;
    }
    // A short run is a part of something only where a mark and another digit follow, or letters around it.
    let next = |more: usize| bytes.get(end + more).copied().unwrap_or(b' ');
    let goes_on = match next(0) {
        b' ' | b'-' | b'.' | b'/' | b')' | b'+' | b'(' => {
            next(1).is_ascii_alphanumeric() || matches!(next(1), b' ' | b'(') && next(2).is_ascii_digit()
        }
        0xc2 | 0xe2 => true,
        byte => byte.is_ascii_alphabetic(),
    };
    goes_on && (end - start > 1 || !before.is_ascii_lowercase())
}
