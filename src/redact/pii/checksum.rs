//! The check digits that several kinds of numbers share. Digits are values, not characters.

/// Luhn: every second digit from the right counts double, as the sum of its digits; the whole is a multiple of ten.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = digits.iter().rev().enumerate();
    let sum: u32 =
        digits.map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit })).sum();
    sum.is_multiple_of(10)
}

/// Each digit times its weight, added up; of two lists the longer's rest counts nothing.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// The digits as one number.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(*digit)))
}

/// ISO 7064 mod 11,10: the last digit completes a chain of products to one.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + u32::from(*last)) % 10 == 1
}

/// Verhoeff: digits permuted by place and multiplied in the dihedral group of the pentagon come to nothing.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |digit: u8, times: usize| {
        (0..times % 8).fold(digit, |digit, _| PERMUTED.get(usize::from(digit)).copied().unwrap_or(0))
    };
    let product = digits
        .iter()
        .rev()
        .enumerate()
        .fold(0, |product, (place, digit)| dihedral(product, permuted(*digit, place)));
    product == 0
}

/// The product of two symmetries of the pentagon: 0 to 4 turn it, 5 to 9 mirror it.
fn dihedral(one: u8, other: u8) -> u8 {
    match (one < 5, other < 5) {
        (true, true) => (one + other) % 5,
        (true, false) => (one + (other - 5)) % 5 + 5,
        (false, true) => ((one - 5) + 5 - other) % 5 + 5,
        (false, false) => ((one - 5) + 5 - (other - 5)) % 5,
    }
}

/// The check digit behind `digits` that makes [`luhn`] hold.
#[cfg(test)]
pub(super) fn luhn_digit(digits: &[u8]) -> u8 {
    (0..10).find(|last| luhn(&[digits, &[*last]].concat())).unwrap()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn documented_numbers_hold() {
        assert!(luhn(&digits("79927398713")) && !luhn(&digits("79927398710")));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(mod_11_10(&digits("86095742719")) && !mod_11_10(&digits("86095742718")));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_noticed(mut number in prop::collection::vec(0u8..10, 2..20), at in any::<prop::sample::Index>(), by in 1u8..10) {
            let checks: [fn(&[u8]) -> bool; 3] = [luhn, verhoeff, mod_11_10];
            for check in checks {
                let right = (0..10).find(|last| {
                    *number.last_mut().unwrap() = *last;
                    check(&number)
                });
                prop_assert!(right.is_some());
                let mut wrong = number.clone();
                let place = at.index(wrong.len());
                wrong[place] = (wrong[place] + by) % 10;
                prop_assert!(!check(&wrong));
            }
        }
    }
}
