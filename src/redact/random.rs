//! Whether a value looks made by a random generator, by a person, or is a placeholder.

/// Shannon entropy, in bits a character.
pub(super) fn entropy(text: &str) -> f32 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len().max(1) as f32;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = *count as f32 / length;
            -share * share.log2()
        })
        .sum()
}

/// Words that people write where a secret would go.
const STAND_INS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "change-this",
    "changethis",
    "redacted",
    "****",
    "your_",
    "your-",
    "yourtoken",
    "yourkey",
    "yourpass",
    "yoursecret",
    "yourapi",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "replaceme",
    "dummy",
    "notasecret",
    "not_a_secret",
    "not-a-secret",
    "####",
    "...",
    "_here",
    "-here",
];

/// Whether `text` only stands where a secret would: a template, a word for one, one character over and over.
pub(super) fn placeholder(text: &str) -> bool {
    let trimmed = text.trim();
    let bracketed =
        [("<", ">"), ("[", "]"), ("{", "}"), ("%", "%"), ("__", "__"), ("@", "@"), ("#", "#"), ("$", "")];
    let template = ["${", "{{", "$(", "%(", "<%", "#{", "%{", "{%", "@{", "}}"]
        .iter()
        .any(|open| trimmed.contains(open));
    if template || bracketed.iter().any(|(open, close)| trimmed.starts_with(open) && trimmed.ends_with(close))
    {
        return true;
    }
    // A long value holds such a word by chance; a private key of 1,700 characters holds many.
    let head = trimmed.get(..trimmed.floor_char_boundary(200)).unwrap_or("");
    if head.contains("xxxx") || head.contains("XXXX") {
        return true;
    }
    let head = head.to_ascii_lowercase();
    STAND_INS.iter().any(|word| head.contains(word)) || monotonous(trimmed) || counted(&head)
}

/// Hardly any distinct characters.
fn monotonous(text: &str) -> bool {
    let mut seen = [false; 256];
    text.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    text.len() >= 8 && distinct <= (text.len() / 8).clamp(2, 4)
}

/// At least two thirds of it run upwards or downwards: `0123456789`, `abcdefgh`.
pub(super) fn counted(text: &str) -> bool {
    let steps = text.as_bytes().windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    text.len() >= 6 && steps * 3 >= text.len() * 2
}

/// Pairs of letters that make up about two thirds of English text and of identifiers.
const COMMON: &str = "th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le \
    sa si ar ve ra ld ur li ri io ro ic ne me co ce ta ch ma om el us la ca ec no ll ho so il ec be wa wh di em ac tr \
    pe ge us ai ss ct mp po pr un am ut ot ns ad id ol im ow ee ie ul ay rs ts pa oo pl sh fo ck ke ts ag op bl ev su \
    ap ab um ir lo mo do mi fi ry ly ty ey up fe wo if ki go ab da ba pi vi ex cr gr pt ni ci ei ue au ob ph ty rd";

/// For each first letter the second letters of common pairs, as bits.
const PAIRS: [u32; 26] = {
    let (text, mut pairs, mut at) = (COMMON.as_bytes(), [0; 26], 0);
    while at + 1 < text.len() {
        pairs[(text[at] - b'a') as usize] |= 1 << (text[at + 1] - b'a');
        at += 3;
    }
    pairs
};

/// The share of neighbouring letters that are common pairs, in percent; `None` with fewer than five pairs.
fn common_pairs(text: &str) -> Option<usize> {
    let letter = |byte: u8| byte.is_ascii_alphabetic().then(|| byte.to_ascii_lowercase() - b'a');
    let (mut pairs, mut common) = (0, 0);
    for pair in text.as_bytes().windows(2) {
        if let (Some(one), Some(other)) = (letter(pair[0]), letter(pair[1])) {
            pairs += 1;
            common += usize::from(PAIRS[usize::from(one)] & 1 << other != 0);
        }
    }
    (pairs >= 5).then(|| common * 100 / pairs)
}

/// Whether the letters read like words.
pub(super) fn wordy(text: &str) -> bool {
    common_pairs(text).is_some_and(|share| share >= 50)
}

/// Whether `text` looks like the output of a random generator: long, mixed, not words.
pub(super) fn random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = text.bytes().filter(u8::is_ascii_lowercase).count();
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let least = match text.len() {
        0..=9 => return false,
        10..=15 => 2.9,
        _ if hexadecimal => 2.7,
        16..=23 => 3.1,
        _ => 3.4,
    };
    let mixed = digits > 0 && upper + lower > 0 || upper >= 3 && lower >= 3 && text.len() >= 16;
    (mixed || common_pairs(text).is_some_and(|share| share < 34) && text.len() >= 20)
        && entropy(text) >= least
        && (hexadecimal || !wordy(text) || digits * 4 >= text.len())
        && !numbered_words(text)
}

/// Words and numbers with separators between them, as names of files, migrations and constants are:
/// `0006_add_index_0002`, `AUTH_KEY_V2_2024`.
fn numbered_words(text: &str) -> bool {
    let parts = || text.split(['_', '-', '.', '/', ' ']).filter(|part| !part.is_empty());
    let plain = |part: &str| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let letters = word.as_bytes();
        let tail = letters.get(1..).unwrap_or(&[]);
        let one_case = letters.iter().all(u8::is_ascii_uppercase) || tail.iter().all(u8::is_ascii_lowercase);
        word.is_empty()
            || letters.iter().all(u8::is_ascii_alphabetic) && one_case && part.len() - word.len() <= 4
    };
    parts().count() >= 3 && parts().all(plain) && wordy(text)
}

/// Whether no character stands twice in a long text: an alphabet, shuffled or not. The form of an issuer says more.
pub(super) fn alphabet(text: &str) -> bool {
    let mut seen = [false; 256];
    text.len() >= 30 && text.bytes().all(|byte| !std::mem::replace(&mut seen[usize::from(byte)], true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::expand;

    #[test]
    fn stand_ins_are_seen() {
        for text in
            ["changeme", "<your token>", "${TOKEN}", "{{ token }}", "xxxxxxxxxxxx", "AKIAIOSFODNN7EXAMPLE"]
        {
            assert!(placeholder(text), "{text}");
        }
        assert!(placeholder("0123456789abcdef"));
        assert!(!placeholder(&expand("%{40}")));
        assert!(!placeholder(&expand("%{32:hex}")));
    }

    #[test]
    fn generated_values_differ_from_names() {
        for spec in ["%{20}", "%{40}", "%{32:hex}", "%{40:hex}", "%{24:base32}"] {
            assert!(random(&expand(spec)), "{}", expand(spec));
        }
        for name in
            ["ctrl+shift+down", "user_password_field", "AuthenticationTokenProvider", "application/json", ""]
        {
            assert!(!random(name), "{name}");
        }
    }

    #[test]
    fn alphabets_are_no_secrets() {
        assert!(placeholder("abcdefghijklmnopqrstuvwxyz0123456789"));
        assert!(alphabet("ACDEFGHJKLMNPQRTUVWXYZ234679bcdfghjk"));
        assert!(random("AUTH_KEY_V2_2024") != numbered_words("AUTH_KEY_V2_2024"));
    }

    #[test]
    fn entropy_of_the_empty_text_is_zero() {
        assert_eq!(entropy(""), 0.0);
        assert_eq!(entropy("ab"), 1.0);
    }
}
