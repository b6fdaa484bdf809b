use weft::redact::Redacted;

fn lines(document: &Redacted) -> u32 {
    document.lines()
}

fn main() {
    let _ = lines;
}
