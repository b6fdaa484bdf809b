use weft::artifact::{Action, Original, Role};
use weft::effects;

fn main() {
    let rules = weft::built_in_rules();
    let original = Original::new("a.py", Role::Code, Action::Create, b"x = 1\n".to_vec());
    effects::inspect(&original, &[], &rules);
}
