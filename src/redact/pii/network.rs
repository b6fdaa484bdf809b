//! Addresses of machines that lead to a person: public IPv4 and IPv6 addresses, hardware addresses.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::context::Context;
use super::shape::free;
use super::words::{NETWORK, VERSION};

/// The public IPv4 address that begins with the digits at `start`.
pub(super) fn ipv4(text: &str, start: usize, context: &mut Context<'_>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !free(bytes, start) && !bytes[..start].ends_with(b"//") {
        return None;
    }
    let length =
        bytes[start..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let mut end = start + length;
    if bytes[start..end].ends_with(b".") {
        end -= 1;
    }
    let address: Ipv4Addr = text.get(start..end)?.parse().ok()?;
    let glued = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-/+".contains(byte);
    // A network (`/24`), a version (`-rc1`), a file name: not one machine; a path behind a host is.
    let network = bytes.get(end) == Some(&b'/') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    let host = bytes[..start].ends_with(b"//");
    if network || bytes.get(end).is_some_and(glued) && !host || !public(address) {
        return None;
    }
    let named = context.distance(NETWORK, start, 24);
    let version = context.distance(VERSION, start, 16);
    let nearer = version.is_some_and(|version| named.is_none_or(|named| version < named));
    // `requests==93.1.2.3`
    let required = [&b"=="[..], b">=", b"<=", b"~=", b"!=", b"^", b"~", b"<", b">"]
        .iter()
        .any(|mark| bytes[..start].ends_with(mark));
    // Four small numbers are a version or a section, unless somebody says address.
    let small = address.octets().iter().all(|part| *part < 32) && !host && named.is_none();
    (!nearer && !small && !required).then_some(start..end)
}

/// Whether the address is somebody's: no private, local, documentation or group address, no public resolver.
fn public(address: Ipv4Addr) -> bool {
    const RESOLVERS: [[u8; 4]; 10] = [
        [8, 8, 8, 8],
        [8, 8, 4, 4],
        [1, 1, 1, 1],
        [1, 0, 0, 1],
        [9, 9, 9, 9],
        [149, 112, 112, 112],
        [208, 67, 222, 222],
        [208, 67, 220, 220],
        [1, 2, 3, 4],
        [4, 3, 2, 1],
    ];
    let [one, two, three, _] = address.octets();
    let reserved = match (one, two, three) {
        (0 | 10 | 127 | 224.., ..) => true,
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) | (198, 18 | 19, _) => true,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !reserved && !RESOLVERS.contains(&address.octets())
}

/// The global IPv6 address that begins with the digit at `start`: all of them begin with 2 or 3.
pub(super) fn ipv6(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !matches!(bytes[start], b'2' | b'3') || !free(bytes, start) || start > 0 && bytes[start - 1] == b':' {
        return None;
    }
    let length =
        bytes[start..].iter().take(40).take_while(|byte| byte.is_ascii_hexdigit() || **byte == b':').count();
    let mut end = start + length;
    if bytes[start..end].ends_with(b":") && !bytes[start..end].ends_with(b"::") {
        end -= 1;
    }
    let written =
        text.get(start..end).filter(|written| written.bytes().filter(|byte| *byte == b':').count() > 1)?;
    let address: Ipv6Addr = written.parse().ok()?;
    let network = bytes.get(end) == Some(&b'/');
    let glued = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let [first, second, third, ..] = address.segments();
    let reserved = match (first, second) {
        (0x2001, 0x0db8 | 0..=0x01ff) | (0x2002, _) | (0x3fff, 0..=0x0fff) => true,
        // Public resolvers.
        (0x2001, 0x4860) | (0x2606, 0x4700) | (0x2620, 0x00fe) => {
            third == 0x4860 || third == 0x4700 || third == 0
        }
        _ => !(0x2000..0x4000).contains(&first),
    };
    (!network && !glued && !reserved && first > 0x1fff).then_some(start..end)
}

/// The hardware address around the digit at `start`: six pairs with one mark, or three groups of four with dots.
pub(super) fn hardware(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let part = |byte: &u8| byte.is_ascii_hexdigit() || b":-.".contains(byte);
    let first = start - bytes[..start].iter().rev().take(17).take_while(|byte| part(byte)).count();
    let end = first + bytes[first..].iter().take(18).take_while(|byte| part(byte)).count();
    let written = text.get(first..end)?.trim_end_matches(['.', ':', '-']);
    let end = first + written.len();
    let mark = written.chars().find(|c| !c.is_ascii_hexdigit())?;
    let size = if mark == '.' { 4 } else { 2 };
    let groups = written
        .split(mark)
        .filter(|group| group.len() == size && group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if written.len() != (if mark == '.' { 14 } else { 17 }) || groups.count() != 12 / size {
        return None;
    }
    let solid = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let before = first.checked_sub(1).map_or(b' ', |at| bytes[at]);
    let goes_on = bytes.get(end).is_some_and(|byte| b":-.".contains(byte)) && solid(end + 1);
    if before.is_ascii_alphanumeric() || b"_:-".contains(&before) || solid(end) || goes_on {
        return None;
    }
    let mut address = [0u8; 6];
    let mut digits = written.bytes().filter_map(|byte| (byte as char).to_digit(16));
    for byte in &mut address {
        *byte = (digits.next()? * 16 + digits.next()?) as u8;
    }
    // The lowest bits of the first byte: a group, or made up by software.
    let given = address[0] & 3 == 0;
    let documented = address[..5] == [0, 0, 0x5e, 0, 0x53];
    let counted =
        address.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == address[1].wrapping_sub(address[0]));
    (given && !documented && !counted && address[3..] != [0, 0, 0]).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let mut context = Context::new(text);
        let starts = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at);
        starts
            .into_iter()
            .find_map(|at| {
                ipv4(text, at, &mut context).or_else(|| ipv6(text, at)).or_else(|| hardware(text, at))
            })
            .map(|range| &text[range])
    }

    #[test]
    fn public_addresses_are_found_whole() {
        for address in [
            "93.184.215.14",
            "2a00:1450:4001:82a::200e",
            "2600:1406:bc00:53::b81e:94ce",
            "3c:5a:b4:01:2f:9e",
            "3C-5A-B4-01-2F-9E",
            "3c5a.b401.2f9e",
        ] {
            assert_eq!(found(&format!("it came from {address}.")), Some(address));
        }
        assert_eq!(found("see http://93.184.215.14/login"), Some("93.184.215.14"));
    }

    #[test]
    fn versions_networks_and_reserved_addresses_are_not() {
        for text in [
            "from 10.0.0.1",
            "from 192.168.1.20",
            "host 203.0.113.9",
            "127.0.0.1",
            "version 93.184.215.14",
            "v93.184.215.14",
            "chromium-93.184.215.14",
            "requests==93.184.215.14",
            "93.184.215.14/16",
            "see 4.2.1.3",
            "300.1.2.3",
            "1.93.184.215.14",
            "8.8.8.8",
            "255.255.255.255",
            "2001:db8::1",
            "fe80::1",
            "at 12:30:45",
            "2024:01",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            "00:11:22:33:44:55",
            "aa:bb:cc:dd:ee:ff",
            "00:00:5e:00:53:01",
            "a:3c:5a:b4:01:2f:9e",
            "3c:5a:b4:01:2f:9e:77",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
