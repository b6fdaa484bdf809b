//! What looks like a secret and is none.

use super::name::Promise;

/// Whether a value is a point in time or, where the name promises little, a UUID.
pub(super) fn identifies(value: &str, promise: Promise) -> bool {
    let bytes = value.as_bytes();
    let form = |at: usize| match bytes.get(at) {
        Some(b'-') => b'-',
        Some(byte) if byte.is_ascii_digit() => b'0',
        Some(byte) if byte.is_ascii_hexdigit() => b'a',
        Some(_) => b'x',
        None => 0,
    };
    let dashes = [8, 13, 18, 23];
    let uuid = bytes.len() == 36
        && (0..36)
            .all(|at| if dashes.contains(&at) { form(at) == b'-' } else { matches!(form(at), b'0' | b'a') });
    let date = (0..10).all(|at| form(at) == if at == 4 || at == 7 { b'-' } else { b'0' });
    uuid && promise == Promise::Perhaps || date || piece_of_uuid(value)
}

/// Some of the groups of a UUID, the first or the last among them.
fn piece_of_uuid(value: &str) -> bool {
    let groups = || value.split('-').map(str::len);
    let count = groups().count();
    let run = |from: usize| {
        [8, 4, 4, 4, 12].get(from..from + count).is_some_and(|run| groups().eq(run.iter().copied()))
    };
    (2..5).contains(&count)
        && (run(0) || run(5 - count))
        && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

/// What looks random and is public, or no secret as it stands: checksums and hashes of passwords with their algorithm in
/// front, URLs, paths, hosts, versions, pictures; and what has a rule of its own, which knows better: a JSON web token,
/// the token of a bot behind its number.
pub(super) fn look_alike(value: &str) -> bool {
    #[rustfmt::skip]
    const STARTS: &[&str] = &[
        "sha1-", "sha256-", "sha384-", "sha512-", "sha1:", "sha256:", "sha512:", "md5:", "h1:", "http:",
        "https:", "data:", "urn:", "arn:", "file:", "ssh-", "pk_", "pbkdf2", "$2a$", "$2b$", "$2y$",
        "bcrypt", "argon2", "scrypt", "{ssha", "{sha", "{crypt}", "{pbkdf2", "c:\\", "./", "../", "~/",
        "refs/", "urn-", "cn=", "uid=", "ou=", "dc=",
    ];
    // The first bytes of pictures, fonts and documents in base64.
    const CONTENT: &[&str] = &[
        "iVBORw0KGgo",
        "/9j/",
        "R0lGOD",
        "UklGR",
        "JVBERi0",
        "PHN2Zy",
        "d09GR",
        "AAABAA",
        "AAEAAAA",
        "T2dnUw",
        "SUQz",
    ];
    let bytes = value.as_bytes();
    let starts = |start: &&str| {
        bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    };
    STARTS.iter().any(starts)
        || value.contains("://")
        || filled_in(value)
        || spelled(value)
        || CONTENT.iter().any(|start| value.starts_with(start))
        || value.starts_with("eyJ") && value.contains('.')
        || value.split_once(':').is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        || hashed(value)
        || value.contains('/') && file(value)
        || host(value)
        || version(value)
        || resource(value)
        || keystrokes(value)
        || short_hexadecimal(value)
}

/// A hash with its algorithm and its salt between dollar signs: `$6$salt$...`, `md5$salt$...`, `*94BDCEBE...`.
fn hashed(value: &str) -> bool {
    let mut parts = value.split('$');
    let (first, second, third) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    let word = |part: &str| {
        (1..=24).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let (Some(second), Some(third)) = (second, third) else {
        return value.len() == 41
            && value.starts_with('*')
            && value[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    };
    let tail = parts.next().unwrap_or(third);
    let named = |part: &str| {
        ["md5", "sha", "crypt", "pbkdf", "argon", "apr", "unsalted", "phpass", "fairly"]
            .iter()
            .any(|known| part.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known)))
    };
    if first.is_empty() {
        word(second) && second.len() <= 10 && tail.len() >= 8
    } else {
        word(first) && named(first)
    }
}

/// Letters of other scripts as escapes: a word of a translation.
fn spelled(value: &str) -> bool {
    let count = value.matches("\\u").count();
    let digits = |rest: &str| rest.bytes().take(4).filter(u8::is_ascii_hexdigit).count() == 4;
    count >= 2 && count * 12 >= value.len() && value.split("\\u").skip(1).all(digits)
}

/// A name in braces or between marks, to be filled in: `{prefix}-9`, `x_#name#`.
fn filled_in(value: &str) -> bool {
    [('{', '}', 1), ('#', '#', 3), ('@', '@', 3), ('%', '%', 3)].iter().any(|(open, close, least)| {
        value.match_indices(*open).any(|(at, _)| {
            let inside = &value[at + 1..];
            let name = inside.find(*close).map_or("", |end| &inside[..end]);
            name.len() >= *least
                && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte))
        })
    })
}

/// A host with its port or without: three parts or more, the last of letters.
fn host(value: &str) -> bool {
    let name = value.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(value, |(name, _)| name);
    let name = name.rsplit_once('@').map_or(name, |(_, host)| host);
    name.contains('.')
        && file(name)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

/// `1.2.3-beta4`, `v2.10.0+build5`, `10.0.0.1:8080`, and what package managers ask for: `^1.2.3`, `npm:>=2.0`.
fn version(value: &str) -> bool {
    let kind = |(kind, _): &(&str, &str)| kind.bytes().all(|byte| byte.is_ascii_lowercase());
    let asked = value.split_once(':').filter(kind).map_or(value, |(_, asked)| asked);
    let rest = asked.trim_start_matches(['^', '~', '<', '>', '=', 'v', 'V']);
    let mut parts = rest.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    number(parts.next()) && number(parts.next()) && value.len() < 40
}

/// The id of a thing in a cloud: a short word, then 8 or 17 hexadecimal digits.
fn resource(value: &str) -> bool {
    value.split_once('-').is_some_and(|(kind, id)| {
        (1..=9).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && matches!(id.len(), 8 | 17)
            && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
    })
}

/// `ctrl+shift+F12`.
fn keystrokes(value: &str) -> bool {
    let key = |part: &str| {
        #[rustfmt::skip]
        const KEYS: &[&str] = &[
            "ctrl", "control", "shift", "alt", "option", "cmd", "command", "meta", "super", "win", "mod",
            "cmdorctrl", "commandorcontrol", "escape", "enter", "tab", "space", "up", "down", "left",
            "right", "delete", "backspace", "home", "end", "pageup", "pagedown", "insert",
        ];
        part.len() <= 1
            || KEYS.iter().any(|known| part.eq_ignore_ascii_case(known))
            || part
                .strip_prefix(['f', 'F'])
                .is_some_and(|number| number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit()))
    };
    value.contains('+') && value.split('+').all(key)
}

/// A number in hexadecimal, up to 64 bits.
fn short_hexadecimal(value: &str) -> bool {
    value.strip_prefix("0x").or(value.strip_prefix("0X")).is_some_and(|digits| {
        digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_')
    })
}

/// Whether the last part behind a dot is one of a file, a host or a module: `server1.pem`, `api2.shop.internal`.
pub(super) fn file(value: &str) -> bool {
    value.rsplit_once('.').is_some_and(|(stem, end)| {
        (1..=8).contains(&end.len())
            && end.bytes().all(|byte| byte.is_ascii_lowercase())
            && !stem.is_empty()
            && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:@~".contains(&byte))
    })
}
