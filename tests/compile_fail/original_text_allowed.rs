use weft::artifact::{Action, Original, Role};

pub(crate) fn main() {
    let original = Original::new("a.py", Role::Code, Action::Create, b"x = 1\n".to_vec());
    println!("{} {}", original.path, original.digest());
}
