use weft::redact::Redacted;

fn lines(document: &Redacted) -> u32 {
    document.lines()
}

pub(crate) fn main() {
    let _ = lines;
}
