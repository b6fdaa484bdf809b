use weft::artifact::{Action, Original, Role};
use weft::effects;
use weft::redact::Redactor;

pub(crate) fn main() {
    let rules = weft::built_in_rules();
    let original = Original::new("a.py", Role::Code, Action::Create, b"x = 1\n".to_vec());
    let redactor = Redactor::new(&rules, None).unwrap();
    effects::inspect(&redactor.redact(original).document, &[], &rules);
}
