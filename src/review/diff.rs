//! A line diff small enough to trust: Myers' greedy algorithm, with a bound on its work.

/// One line of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// In both: old and new index.
    Same(usize, usize),
    /// Only before.
    Gone(usize),
    /// Only after.
    New(usize),
}

/// The most edits that are searched for; beyond, all old lines go and all new ones come.
const EDITS: usize = 1_000;

/// The lines of `new` against `old`, in order.
pub(super) fn lines(old: &[&str], new: &[&str]) -> Vec<Line> {
    let head = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let rest = old.len().min(new.len()) - head;
    let tail = (0..rest).take_while(|at| old[old.len() - 1 - at] == new[new.len() - 1 - at]).count();
    let mut out: Vec<Line> = (0..head).map(|at| Line::Same(at, at)).collect();
    middle(&old[head..old.len() - tail], &new[head..new.len() - tail], head, &mut out);
    out.extend((0..tail).rev().map(|at| Line::Same(old.len() - 1 - at, new.len() - 1 - at)));
    out
}

fn middle(old: &[&str], new: &[&str], from: usize, out: &mut Vec<Line>) {
    let Some(trace) = search(old, new) else {
        out.extend((0..old.len()).map(|at| Line::Gone(from + at)));
        out.extend((0..new.len()).map(|at| Line::New(from + at)));
        return;
    };
    let (mut x, mut y) = (old.len() as isize, new.len() as isize);
    let mut back = Vec::new();
    for (edits, reach) in trace.iter().enumerate().rev() {
        let diagonal = x - y;
        let down = came_down(reach, diagonal, edits);
        let before = if down { diagonal + 1 } else { diagonal - 1 };
        let (start_x, start_y) = (at(reach, before) as isize, at(reach, before) as isize - before);
        while x > start_x && y > start_y {
            (x, y) = (x - 1, y - 1);
            back.push(Line::Same(from + x as usize, from + y as usize));
        }
        if edits > 0 {
            (x, y) = (start_x, start_y);
            back.push(if down { Line::New(from + y as usize) } else { Line::Gone(from + x as usize) });
        }
    }
    out.extend(back.into_iter().rev());
}

/// How far each diagonal reached before each round of edits.
fn search(old: &[&str], new: &[&str]) -> Option<Vec<Vec<usize>>> {
    let most = (old.len() + new.len()).min(EDITS);
    let mut reach = vec![0usize; 2 * most + 3];
    let mut trace = Vec::new();
    for edits in 0..=most as isize {
        trace.push(window(&reach, edits, most));
        let mut diagonal = -edits;
        while diagonal <= edits {
            let index = |diagonal: isize| (diagonal + most as isize + 1) as usize;
            let down = diagonal == -edits
                || (diagonal != edits && reach[index(diagonal - 1)] < reach[index(diagonal + 1)]);
            let mut x = if down { reach[index(diagonal + 1)] } else { reach[index(diagonal - 1)] + 1 };
            let mut y = (x as isize - diagonal) as usize;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            reach[index(diagonal)] = x;
            if x >= old.len() && y >= new.len() {
                return Some(trace);
            }
            diagonal += 2;
        }
    }
    None
}

/// The diagonals `-edits-1..=edits+1` of `reach`.
fn window(reach: &[usize], edits: isize, most: usize) -> Vec<usize> {
    let centre = most as isize + 1;
    let range = (centre - edits - 1).max(0) as usize..=((centre + edits + 1) as usize).min(reach.len() - 1);
    reach[range].to_vec()
}

fn at(window: &[usize], diagonal: isize) -> usize {
    let centre = (window.len() / 2) as isize;
    window.get((centre + diagonal) as usize).copied().unwrap_or(0)
}

fn came_down(window: &[usize], diagonal: isize, edits: usize) -> bool {
    let edits = edits as isize;
    diagonal == -edits || (diagonal != edits && at(window, diagonal - 1) < at(window, diagonal + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_diff_rebuilds_both_sides(old in prop::collection::vec("[abc]", 0..30), new in prop::collection::vec("[abc]", 0..30)) {
            let old: Vec<&str> = old.iter().map(String::as_str).collect();
            let new: Vec<&str> = new.iter().map(String::as_str).collect();
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for line in lines(&old, &new) {
                match line {
                    Line::Same(one, other) => {
                        prop_assert_eq!(old[one], new[other]);
                        left.push(one);
                        right.push(other);
                    }
                    Line::Gone(one) => left.push(one),
                    Line::New(other) => right.push(other),
                }
            }
            prop_assert_eq!(left, (0..old.len()).collect::<Vec<_>>());
            prop_assert_eq!(right, (0..new.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_changed_line_is_one_line_gone_and_one_new() {
        let diff = lines(&["a", "b", "c"], &["a", "x", "c"]);
        assert_eq!(diff, [Line::Same(0, 0), Line::Gone(1), Line::New(1), Line::Same(2, 2)]);
    }
}
