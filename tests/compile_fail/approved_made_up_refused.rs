use weft::review::Approved;

fn subject(approved: &Approved) -> String {
    let other = Approved { item: "0123456789ab".into(), ..approved.clone() };
    other.digest().to_string()
}

fn main() {
    let _ = subject;
}
