//! The shortcuts around the gate do not compile. Each stands beside a twin that differs in that one step and compiles,
//! so that a case fails for its reason and no other.

#[test]
fn shortcuts_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/*_allowed.rs");
    cases.compile_fail("tests/compile_fail/*_refused.rs");
}
