use weft::review::Approved;

fn subject(approved: &Approved) -> String {
    approved.digest().to_string()
}

pub(crate) fn main() {
    let _ = subject;
}
