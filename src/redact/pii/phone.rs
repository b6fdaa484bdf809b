//! Phone numbers: international ones by the plan of their country, national ones behind a word only.

use std::ops::Range;
use std::sync::OnceLock;

use rlibphonenumber::{PhoneNumberUtil, Region};

use super::context::Context;
use super::shape::{cut_off, free};
use super::text::{joint, joint_before};
use super::words::{CALL, PHONE};

/// The digits of a number, at most.
const MOST: usize = 15;

/// The numbering plans; opening them takes some milliseconds, so only a candidate does.
static PLANS: OnceLock<Option<PhoneNumberUtil>> = OnceLock::new();

/// Where a national number is looked up.
const REGIONS: &[Region] = &[
    Region::US,
    Region::GB,
    Region::DE,
    Region::FR,
    Region::IT,
    Region::ES,
    Region::NL,
    Region::PL,
    Region::BR,
    Region::IN,
    Region::AU,
    Region::CH,
    Region::AT,
    Region::BE,
    Region::SE,
    Region::JP,
    Region::CN,
];

/// A run of digits with what joins them.
struct Run {
    range: Range<usize>,
    digits: String,
    /// Whether groups stand apart.
    grouped: bool,
}

/// The international number whose first digit is at `start`, behind its plus.
pub(super) fn international(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let plus = start.checked_sub(1).filter(|at| bytes[*at] == b'+')?;
    let before = plus.checked_sub(1).map_or(b' ', |at| bytes[at]);
    if before.is_ascii_alphanumeric() && !free(bytes, plus)
        || b"_)]}+".contains(&before)
        || bytes[start] == b'0'
    {
        return None;
    }
    let run = run(text, start, plus, MOST)?;
    let valid = (8..=MOST).contains(&run.digits.len())
        && !fictional(&run.digits)
        && exists(&format!("+{}", run.digits), None);
    valid.then_some(run.range)
}

/// Whether a word for a phone stands shortly before `start`.
pub(super) fn spoken_of(start: usize, context: &mut Context<'_>) -> bool {
    context.distance(PHONE, start, 32).is_some()
}

/// The national number whose first digit is at `start`, when a word for a phone stands before it.
pub(super) fn national(text: &str, start: usize, context: &mut Context<'_>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let open = start.checked_sub(1).filter(|at| bytes[*at] == b'(');
    let first = open.unwrap_or(start);
    // The middle of a longer number is none.
    let goes_back = joint_before(bytes, first)
        .and_then(|(mark, at)| bytes.get(at.checked_sub(1)?).map(|byte| (mark, byte)))
        .is_some_and(|(mark, byte)| mark != b',' && byte.is_ascii_digit());
    if goes_back || !enough(bytes, start) || !free(bytes, first) {
        return None;
    }
    let strong = spoken_of(first, context);
    if !strong && context.distance(CALL, first, 24).is_none() {
        return None;
    }
    let run = run(text, start, first, MOST).filter(|run| (7..=MOST).contains(&run.digits.len()))?;
    let called = strong || run.grouped || run.digits.starts_with('0');
    if !called || fictional(&run.digits) || dated(&run, text) {
        return None;
    }
    let known = match run.digits.strip_prefix("00") {
        Some(abroad) => exists(&format!("+{abroad}"), None),
        None => REGIONS.iter().any(|region| exists(&run.digits, Some(*region))),
    };
    known.then_some(run.range)
}

/// Whether seven digits stand there, with nothing but marks between them.
fn enough(bytes: &[u8], start: usize) -> bool {
    let marks = bytes[start..].iter().take(16);
    let digits =
        marks.take_while(|byte| byte.is_ascii_digit() || b" -./()".contains(byte) || !byte.is_ascii());
    digits.filter(|byte| byte.is_ascii_digit()).count() >= 7
}

/// The digits from `start` on, in groups joined by single marks; `first` is where the number begins with its sign.
fn run(text: &str, start: usize, first: usize, most: usize) -> Option<Run> {
    let bytes = text.as_bytes();
    let (mut at, mut digits, mut grouped) = (start, String::new(), false);
    let mut end = start;
    loop {
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            if digits.len() > most {
                return None;
            }
            digits.push(*digit as char);
            at += 1;
        }
        end = end.max(at);
        // Between groups: one mark, or a bracket with a space: `+49 (0)30 123`, `(030) 123`.
        let mut marks = 0;
        while marks < 3 {
            let Some((mark, length)) = joint(bytes, at).filter(|(mark, _)| !matches!(mark, b',' | b'+'))
            else {
                break;
            };
            if marks > 0 && mark == b' ' && bytes[at - 1] == b' ' {
                break;
            }
            (at, marks) = (at + length, marks + usize::from(mark != b'(' && mark != b')').max(1));
        }
        if marks == 0 || !bytes.get(at).is_some_and(u8::is_ascii_digit) {
            break;
        }
        grouped = true;
    }
    // A trunk zero in brackets behind a country code is not dialled from abroad.
    if let Some(inside) = text[first..end].find("(0)") {
        let zero = text[first..first + inside].bytes().filter(u8::is_ascii_digit).count();
        if zero > 0 && digits.as_bytes().get(zero) == Some(&b'0') {
            digits.remove(zero);
        }
    }
    cut_off(bytes, end, false).then_some(Run { range: first..end, digits, grouped })
}

/// Numbers set aside for films and documentation, and those of one digit.
fn fictional(digits: &str) -> bool {
    let national = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(digits);
    let american = national.len() == 10 && national[3..].starts_with("555")
        || national.len() == 7 && national.starts_with("555");
    let british = digits.strip_prefix("44").or(digits.strip_prefix('0')).unwrap_or("");
    let drama = [
        "7700900", "2079460", "1632960", "1134960", "1144960", "1154960", "1164960", "1174960", "1184960",
        "1214960", "1314960", "1414960", "1514960", "1614960", "1914980", "8081570", "9098790", "3069990",
    ];
    let same = digits.bytes().skip(3).collect::<std::collections::BTreeSet<u8>>().len() < 2;
    let counted = ["1234567890", "123456789", "0123456789", "12345678", "1234567", "9876543210", "123123123"]
        .iter()
        .any(|list| digits.ends_with(list) && digits.len() < list.len() + 4);
    american || drama.iter().any(|lead| british.starts_with(lead)) || same || counted
}

/// A day, as logs and forms write it, is no number to call.
fn dated(run: &Run, text: &str) -> bool {
    let groups: Vec<&str> = text[run.range.clone()]
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    matches!(groups.as_slice(), [first, .., last] if groups.len() == 3 && (year(first) && last.len() <= 2 || year(last) && first.len() <= 2))
}

/// Whether the plan of the country has such a number.
fn exists(number: &str, region: Option<Region>) -> bool {
    let Some(plans) = PLANS.get_or_init(|| PhoneNumberUtil::new().ok()) else { return region.is_none() };
    plans.parse(number, region).is_ok_and(|number| plans.is_valid_number(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::expand;

    fn found(text: &str) -> Option<String> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut context = Context::new(text);
        international(text, start)
            .or_else(|| national(text, start, &mut context))
            .map(|range| text[range].to_owned())
    }

    #[test]
    fn international_numbers_need_a_plan() {
        for number in [
            "+49 30 9%{7:digits}",
            "+49-30-9%{7:digits}",
            "+49 (0)30 9%{7:digits}",
            "+49309%{7:digits}",
            "+44 20 7%{3:digits} %{4:digits}",
        ] {
            let number = expand(number);
            assert_eq!(found(&format!("I am at {number}, mostly")), Some(number));
        }
        for text in
            ["+999 30 912345678", "a+49309123456", "+0301234567", "+12", "+1 650 555 0123", "+44 7700 900123"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn national_numbers_need_a_word() {
        for (word, number) in [
            ("phone: ", "030 9%{7:digits}"),
            ("call me at ", "(650) 253-%{4:digits}"),
            ("Tel. ", "01 42 68 %{2:digits} 00"),
            ("Handy: ", "0171 8%{6:digits}"),
        ] {
            let number = expand(number);
            assert_eq!(found(&format!("{word}{number}.")), Some(number.clone()), "{word}");
            assert_eq!(found(&format!("order {number}.")), None, "{number}");
        }
        for text in [
            "phone: 2024-01-15",
            "tel 15.01.2024",
            "call 1234567 times",
            "phone 555-0123",
            "phone: 1234567890",
            "call +44 7700 900123",
            "phone model 12",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
