//! Compiles `rules/` into one blob with the parser that `--rules` uses, so that no page is parsed at start; and tells the
//! engine apart from any other, for what an older one left in a cache.

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "src/finding.rs"]
mod finding;
#[allow(dead_code, missing_docs, unreachable_pub, unused_imports)]
#[path = "src/rule/mod.rs"]
mod rule;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rule::{Category, Model, RuleSet};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rustc-env=WEFT_ENGINE={}", engine()?);
    let mut set = RuleSet::default();
    for path in files(Path::new("rules"))? {
        let text = fs::read_to_string(&path)?.replace("\r\n", "\n");
        let wrong = |error: rule::PageError| format!("{}:{}: {}", path.display(), error.line, error.message);
        let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        match parts.get(1).map(String::as_str) {
            Some("models") if parts.len() == 4 => set.models.push(Model::parse(&text).map_err(wrong)?),
            Some(folder) if parts.len() == 3 => {
                let category = Category::of(folder)
                    .ok_or_else(|| format!("{}: no such folder of rules", path.display()))?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                set.rules.push(rule::parse(category, &name, &text).map_err(wrong)?.0);
            }
            _ => {}
        }
    }
    set.rules.sort_by(|one, other| one.id.cmp(&other.id));
    set.models.sort_by(|one, other| (&one.language, &one.library).cmp(&(&other.language, &other.library)));
    if let Some(pair) = set.rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(format!("two pages have the id {}", pair[0].id).into());
    }
    fs::write(Path::new(&std::env::var("OUT_DIR")?).join("rules.bin"), postcard::to_allocvec(&set)?)?;
    Ok(())
}

/// A digest of all that decides what a scan finds: the sources, the data in them, and the versions of the crates.
fn engine() -> Result<String, Box<dyn Error>> {
    let mut digest = Sha256::new();
    let lock = Some(Path::new("Cargo.lock").to_owned()).filter(|path| path.is_file());
    for path in files(Path::new("src"))?.into_iter().chain(lock) {
        let bytes = fs::read(&path)?;
        digest.update(format!("{} {}\n", path.display(), bytes.len()));
        digest.update(bytes);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Every file below a folder, sorted, README pages left out.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.file_name().is_some_and(|name| name != "README.md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
