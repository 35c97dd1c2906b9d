//! Where a file that is overwritten is really overwritten, as far as the file system can tell.

use std::{fmt, fs::File, io};

/// What to do where overwriting in place does not destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Refuse.
    Demand,
    /// Go on, and give a warning to pass on.
    Warn,
}

/// Custody lies where the key that a turn destroys may survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// What the file system is called.
    pub file_system: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "custody lies on {}, where a wrapping key may outlive its destruction",
            self.file_system
        )
    }
}

/// Magic numbers of statfs(2): copy-on-write and log-structured file systems, then network and stacked ones.
const UNFIT: &[(u64, &str)] = &[
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xCA45_1A4E, "bcachefs"),
    (0xF2F5_2010, "f2fs"),
    (0x3434, "nilfs2"),
    (0x6969, "nfs"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x517B, "smb"),
    (0x0102_1997, "9p"),
    (0x00C3_6400, "ceph"),
    (0x6573_5546, "fuse"),
    (0x5346_414F, "afs"),
    (0x0161_1970, "gfs2"),
    (0x794C_7630, "overlayfs"),
    (0xF15F, "ecryptfs"),
];

/// The warning that `file`'s place deserves.
pub(super) fn survey(file: &File) -> io::Result<Option<Warning>> {
    let magic = rustix::fs::fstatfs(file)?.f_type;
    Ok(judge(magic.cast_unsigned()))
}

fn judge(magic: u64) -> Option<Warning> {
    // 32-bit kernels sign-extend the magic number.
    let magic = magic & 0xFFFF_FFFF;
    let unfit = UNFIT.iter().find(|(unfit, _)| *unfit == magic);
    unfit.map(|(_, file_system)| Warning { file_system })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_on_write_and_network_file_systems_are_told_from_others() {
        let names = |magic| judge(magic).map(|warning| warning.file_system);

        assert_eq!(names(0x9123_683E), Some("btrfs"));
        assert_eq!(names(0xFFFF_FFFF_9123_683E), Some("btrfs"));
        assert_eq!(names(0x6969), Some("nfs"));
        assert_eq!(names(0xEF53), None, "ext4");
        assert_eq!(names(0x5846_5342), None, "xfs");
    }
}
