//! What somebody may have meant by a word that means nothing.

/// " (did you mean `x`?)" for the word of `known` that is nearest to `word`, when one is near.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let word: String = word.chars().take(64).collect();
    let near = known.map(|known| (strsim::levenshtein(&word, known), known)).min();
    match near.filter(|(distance, known)| *distance <= 1 + known.len() / 4) {
        Some((_, known)) => format!(" (did you mean `{known}`?)"),
        None => String::new(),
    }
}

/// The same for an error that names an unknown word and the known ones in backticks.
pub fn did_you_mean(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown "), words.next()) {
        (true, Some(unknown)) => nearest(unknown, words),
        _ => String::new(),
    }
}
