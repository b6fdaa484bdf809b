//! What imports mean that no list says: modules of other names than their package, and those that nobody installs.

use super::popular::Popular;
use crate::deps::version::Ecosystem;

/// What a module of Python is installed as: of the lists, and where these are behind the times.
pub(super) fn distribution<'p>(popular: &'p Popular, module: &str) -> Option<&'p str> {
    Some(match module {
        "cv2" => "opencv-python",
        "django_filters" => "django-filter",
        "MySQLdb" => "mysqlclient",
        "fitz" => "PyMuPDF",
        "docx" => "python-docx",
        "pptx" => "python-pptx",
        "skimage" => "scikit-image",
        "environ" => "django-environ",
        "jose" => "python-jose",
        "multipart" => "python-multipart",
        "pythonjsonlogger" => "python-json-logger",
        "mpl_toolkits" | "pylab" => "matplotlib",
        "pkg_resources" => "setuptools",
        "attr" => "attrs",
        "_pytest" => "pytest",
        "ldap" => "python-ldap",
        "socks" => "PySocks",
        "usb" => "pyusb",
        "wx" => "wxPython",
        "zoneinfo" => "tzdata",
        "pydantic2ts" => "pydantic-to-typescript",
        module => popular.distribution(module)?,
    })
}

/// Modules that come with an interpreter, an editor or a system, and are installed by nobody's package manager.
pub(super) fn is_of_the_platform(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::PyPi => matches!(
            name,
            "setuptools"
                | "pkg_resources"
                | "pip"
                | "wheel"
                | "virtualenv"
                | "uv"
                | "poetry"
                | "pipenv"
                | "win32api"
                | "win32con"
                | "win32com"
                | "win32gui"
                | "win32file"
                | "pythoncom"
                | "pywintypes"
                | "gi"
                | "dbus"
                | "apt"
                | "rpm"
                | "bpy"
                | "hou"
                | "maya"
                | "nuke"
                | "gdb"
                | "lldb"
                | "uwsgi"
                | "pyodide"
                | "js"
                | "java"
                | "javax"
                | "sublime"
                | "idaapi"
                | "Foundation"
                | "AppKit"
                | "machine"
                | "micropython"
                | "sitecustomize"
                | "usercustomize"
                | "org"
                | "System"
                | "clr"
        ),
        _ => matches!(
            name,
            "electron"
                | "vscode"
                | "k6"
                | "bun"
                | "aws-sdk"
                | "server-only"
                | "client-only"
                | "meteor"
                | "deno"
                | "original-fs"
        ),
    }
}
