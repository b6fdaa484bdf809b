use weft::review::Approved;

fn subject(approved: &Approved) -> String {
    approved.digest().to_string()
}

fn main() {
    let _ = subject;
}
