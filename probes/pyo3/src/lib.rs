//! What a crate that embeds Python does in its tests.

use pyo3::prelude::*;

/// The version that `sys` tells.
pub fn version(py: Python<'_>) -> PyResult<String> {
    py.import("sys")?.getattr("version")?.extract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_its_version() {
        Python::attach(|py| assert!(version(py).unwrap().starts_with('3')));
    }

    #[test]
    fn imports_an_extension_module() {
        let name = std::env::var("MODULE").unwrap();
        Python::attach(|py| py.import(name.as_str()).map(|_| ()).unwrap());
    }

    #[test]
    fn uses_several_threads() {
        let threads: Vec<_> = (0..4)
            .map(|n| {
                std::thread::spawn(move || {
                    Python::attach(|py| {
                        let sum: u64 = py
                            .import("builtins")
                            .unwrap()
                            .call_method1("sum", (vec![n; 1000],))
                            .unwrap()
                            .extract()
                            .unwrap();
                        assert_eq!(sum, n * 1000);
                    })
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
