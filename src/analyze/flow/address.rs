//! Addresses that are put together by `new URL(path, base)`, and paths by `path.join(folder, name)`.

use super::Engine;
use super::function::Frame;
use super::value::{Known, Taint};
use crate::analyze::ir::{Argument, Pass};
use crate::syntax::Language;

/// Members of an address that begin as it does, or tell nothing but where it leads.
pub(super) const STARTS: &[&str] = &["href", "origin", "host", "hostname", "protocol"];

impl Engine<'_> {
    /// The data in an address that is made of others. A path that chooses no host stays on that of the base, and the
    /// address of a page or a request is still what it is as a whole.
    pub(super) fn resolved(&self, frame: &Frame<'_>, path: &str, arguments: &[Argument]) -> Option<Taint> {
        let join = path == "path.join()";
        if self.language == Language::Python || !join && path != "URL()" {
            return None;
        }
        let plain: Vec<_> = arguments.iter().filter(|argument| argument.pass == Pass::Plain).collect();
        if join {
            // Of what stands behind a folder none leads to the root.
            let (first, others) = plain.split_first().filter(|_| plain.len() == arguments.len())?;
            let folder = frame.value(first.value).all();
            let others = others.iter().map(|part| self.behind(frame.value(part.value).all()));
            return Some(others.fold(folder.parted(), |all, part| all.join(&part)));
        }
        match plain.as_slice() {
            [address] => Some(frame.value(address.value).all()),
            [path, base] => {
                let (path, base) = (frame.value(path.value), frame.value(base.value));
                let location = self.models.location;
                let absolute = |text: &str| text.contains("://") || text.starts_with("//");
                if matches!(&path.known, Known::Text(text) if absolute(text)) {
                    return Some(path.all());
                }
                let data = path.all();
                // Data that may be an address of its own chooses the host.
                let stays = data.flows().iter().all(|flow| flow.clean & location == location);
                let data = if stays { data.cleaned(location | self.models.address) } else { data.parted() };
                Some(base.all().join(&data))
            }
            _ => None,
        }
    }
}
