//! How fast a file is parsed, lowered and followed: `cargo bench --bench analyze`.

use weft::analyze::Analyzer;
use weft::artifact::{Action, Original, Role};
use weft::redact::Redactor;
use weft::rule::RuleSet;

fn main() {
    divan::main();
}

/// A module of many small views, as frameworks have them.
fn module(views: usize) -> String {
    let view = |number: usize| {
        format!(
            "def view_{number}(request, key=None):\n    name = request.GET.get('name') or 'all'\n    rows = []\n    for row in load(key):\n        if row['name'] == name:\n            rows.append({{'id': int(row['id']), 'text': f'{{name}}: {{row}}'}})\n    try:\n        return render(request, 'page.html', {{'rows': rows}})\n    except LookupError as error:\n        log.error('no rows for %s', name)\n        raise\n\n"
        )
    };
    (0..views).map(view).collect()
}

#[divan::bench(args = [10, 100, 1000], max_time = 2)]
fn python(bencher: divan::Bencher<'_, '_>, views: usize) {
    let analyzer =
        Analyzer::new(&std::sync::Arc::new(weft::built_in_rules())).expect("the built-in rules compile");
    let redactor = Redactor::new(&RuleSet::default(), None).expect("no rules compile");
    let text = module(views);
    let original = Original::new("views.py", Role::Code, Action::Create, text.as_bytes());
    let document = redactor.redact(original).document;
    let project = weft::analyze::Project::default();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench_local(|| analyzer.facts(divan::black_box(&document), &project));
}
