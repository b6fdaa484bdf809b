//! What constants come to: arithmetic, text, comparisons, truth.

use std::rc::Rc;

use super::value::{Abstract, Known};
use crate::analyze::ir::{Binary, Unary};

/// Longer texts are not kept.
const LONGEST: usize = 1024;

/// The value of an operator on constants; [`Known::Any`] when it is not known.
pub(super) fn binary(operator: Binary, left: &Abstract, right: &Abstract) -> Known {
    let boolean = |holds: bool| Known::Bool(holds);
    match (operator, &left.known, &right.known) {
        (_, Known::Int(a), Known::Int(b)) => whole(operator, *a, *b),
        (Binary::Add, Known::Text(a), Known::Text(b)) => text(&[a, b]),
        (Binary::Eq | Binary::Is, Known::Text(a), Known::Text(b)) => boolean(a == b),
        (Binary::Ne | Binary::IsNot, Known::Text(a), Known::Text(b)) => boolean(a != b),
        (Binary::In, Known::Text(a), Known::Text(b)) => boolean(b.contains(&**a)),
        (Binary::NotIn, Known::Text(a), Known::Text(b)) => boolean(!b.contains(&**a)),
        (Binary::Eq | Binary::Is, Known::Bool(a), Known::Bool(b)) => boolean(a == b),
        (Binary::Ne | Binary::IsNot, Known::Bool(a), Known::Bool(b)) => boolean(a != b),
        (Binary::Eq | Binary::Is, Known::Null, Known::Null) => boolean(true),
        (Binary::Ne | Binary::IsNot, Known::Null, Known::Null) => boolean(false),
        _ if fixed(left) && fixed(right) => Known::Constant,
        _ => Known::Any,
    }
}

fn fixed(value: &Abstract) -> bool {
    value.parts.is_none()
        && matches!(
            value.known,
            Known::Text(_) | Known::Int(_) | Known::Bool(_) | Known::Null | Known::OneOf(_) | Known::Constant
        )
}

fn whole(operator: Binary, a: i64, b: i64) -> Known {
    let number = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => match (a.checked_rem(b), a.checked_div(b)) {
            (Some(0), exact) => exact,
            _ => return Known::Constant,
        },
        Binary::FloorDiv => a.checked_div_euclid(b).filter(|_| b > 0),
        // Of what is negative the languages make different things.
        Binary::Mod => a.checked_rem_euclid(b).filter(|_| a >= 0 && b > 0),
        Binary::Eq | Binary::Is => return Known::Bool(a == b),
        Binary::Ne | Binary::IsNot => return Known::Bool(a != b),
        Binary::Lt => return Known::Bool(a < b),
        Binary::Le => return Known::Bool(a <= b),
        Binary::Gt => return Known::Bool(a > b),
        Binary::Ge => return Known::Bool(a >= b),
        Binary::In | Binary::NotIn | Binary::Other => None,
    };
    number.map_or(Known::Constant, Known::Int)
}

/// The value of an operator on one constant.
pub(super) fn unary(operator: Unary, operand: &Abstract) -> Known {
    match (operator, &operand.known) {
        (Unary::Not, _) => truth(operand).map_or(Known::Any, |truth| Known::Bool(!truth)),
        (Unary::Number, Known::Int(number)) => Known::Int(*number),
        (Unary::Number, _) if !fixed(operand) => Known::Any,
        (Unary::TypeOf, _) if !fixed(operand) => Known::Any,
        (Unary::Minus, Known::Int(number)) => number.checked_neg().map_or(Known::Constant, Known::Int),
        _ => Known::Constant,
    }
}

/// Whether a value is true, when that is known.
pub(super) fn truth(value: &Abstract) -> Option<bool> {
    match &value.known {
        Known::Text(text) => Some(!text.is_empty()),
        Known::Int(number) => Some(*number != 0),
        Known::Bool(truth) => Some(*truth),
        Known::Null => Some(false),
        _ => None,
    }
}

/// The text of constant parts.
pub(super) fn text(parts: &[&str]) -> Known {
    if parts.iter().map(|part| part.len()).sum::<usize>() > LONGEST {
        return Known::Constant;
    }
    Known::Text(Rc::from(parts.concat()))
}

/// `text[index]`
pub(super) fn character(text: &str, index: i64) -> Known {
    let place = if index < 0 { index.checked_add(text.chars().count() as i64) } else { Some(index) };
    let found = place.and_then(|place| usize::try_from(place).ok()).and_then(|place| text.chars().nth(place));
    found.map_or(Known::Constant, |character| Known::Text(character.to_string().into()))
}
