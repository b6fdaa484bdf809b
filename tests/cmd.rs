//! The pages of `tests/cmd/` and the README: what a person types and what weft answers. They are run as written, in the
//! root of the repository, and are documentation at the same time. `TRYCMD=overwrite cargo test --test cmd` rewrites
//! them; read the diff.

/// Nothing of the machine reaches a page: no colour, no home, no settings of git.
pub fn scrubbed(cases: &trycmd::TestCases) -> &trycmd::TestCases {
    cases
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("HOME", "/dev/null")
        .env("XDG_CONFIG_HOME", "/dev/null")
        .env("XDG_CACHE_HOME", "/dev/null")
        .env("WEFT_CACHE_DIR", "")
        .env("WEFT_DB_DIR", "")
        .env("WEFT_ADVISORIES_URL", "")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("WEFT_KEY", "")
}

#[test]
fn pages_say_what_the_command_does() {
    let cases = trycmd::TestCases::new();
    scrubbed(&cases).case("tests/cmd/*.md").case("README.md");
}
