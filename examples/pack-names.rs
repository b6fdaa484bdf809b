//! Packs lists of popular names into the data that is compiled in:
//! `cargo run --example pack-names -- FOLDER src/deps/data/names.bin`.
//!
//! FOLDER has `pypi.txt` and `npm.txt`, a name a line in the order of popularity, `go.txt` and `rubygems.txt` in any order,
//! and `python-imports.txt` with `module:distribution` a line. NOTICE says where the present ones come from.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("give a folder of lists and the file to write".into());
    };
    let list = |key, ordered, file: &str| {
        let path = Path::new(&folder).join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>((key, ordered, text))
    };
    let lists = [
        list("pypi", true, "pypi.txt")?,
        list("npm", true, "npm.txt")?,
        list("go", false, "go.txt")?,
        list("rubygems", false, "rubygems.txt")?,
        list("imports", false, "python-imports.txt")?,
    ];
    let packed = weft::deps::names::pack(&lists)?;
    std::fs::write(&output, &packed)?;
    println!("{output}: {} bytes", packed.len());
    Ok(())
}
