// Verify checks what Greffe's log publishes with the Go project's own code for such logs, which is none of ours:
// golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog, as Debian packages them.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./tests/go log DIR
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./tests/go vectors tests/vectors/tlog.json
//
// DIR holds what a log serves: vkey, checkpoint, tile/entries/... and, as far as there, tile/<level>/...; and what its
// clients kept: checkpoints/* (older ones) and proofs/*.tlog-proof. Everything that is there must hold.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 3 {
		fail(errors.New("usage: verify log DIR | verify vectors FILE"))
	}
	switch os.Args[1] {
	case "log":
		fail(verifyLog(os.Args[2]))
	case "vectors":
		fail(verifyVectors(os.Args[2]))
	default:
		fail(errors.New("usage: verify log DIR | verify vectors FILE"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}

// A memory keeps all hashes of a tree, in tlog's own numbering.
type memory struct {
	hashes []tlog.Hash
	size   int64
}

func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out = append(out, m.hashes[index])
	}
	return out, nil
}

func (m *memory) append(entry []byte) error {
	hashes, err := tlog.StoredHashes(m.size, entry, m)
	m.hashes = append(m.hashes, hashes...)
	m.size++
	return err
}

// A checkpoint is what was signed of a tree.
type checkpoint struct {
	origin string
	tlog.Tree
}

func openCheckpoint(signed []byte, verifiers ...note.Verifier) (checkpoint, error) {
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, errors.New("a checkpoint is three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, errors.New("malformed size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, err
	}
	if lines[0] != verifiers[0].Name() {
		return checkpoint{}, errors.New("the origin is not the key's name")
	}
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, nil
}

func (m *memory) root(size int64) (tlog.Hash, error) {
	if size == 0 {
		return tlog.ParseHash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	}
	return tlog.TreeHash(size, m)
}

// path is tlog's, without the height that C2SP leaves out.
func path(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(strings.Replace(tile.Path(), "/data/", "/entries/", 1), "tile/8/")
}

// bundle parses entries, each behind its length.
func bundle(raw []byte) ([][]byte, error) {
	var entries [][]byte
	for len(raw) > 0 {
		if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
			return nil, errors.New("a bundle ends within an entry")
		}
		end := 2 + int(binary.BigEndian.Uint16(raw))
		entries = append(entries, raw[2:end])
		raw = raw[end:]
	}
	return entries, nil
}

func verifyLog(dir string) error {
	read := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	vkey, err := read("vkey")
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(string(vkey), "\n"))
	if err != nil {
		return err
	}
	signed, err := read("checkpoint")
	if err != nil {
		return err
	}
	latest, err := openCheckpoint(signed, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}

	tree := &memory{}
	for index := int64(0); index*256 < latest.N; index++ {
		width := latest.N - index*256
		if width > 256 {
			width = 256
		}
		name := path(tlog.Tile{H: 8, L: -1, N: index, W: int(width)})
		raw, err := read(name)
		if err != nil {
			return err
		}
		entries, err := bundle(raw)
		if err != nil || int64(len(entries)) != width {
			return fmt.Errorf("%s: %d entries, not %d: %v", name, len(entries), width, err)
		}
		for _, entry := range entries {
			if err := tree.append(entry); err != nil {
				return err
			}
		}
	}
	root, err := tree.root(latest.N)
	if err != nil || root != latest.Hash {
		return fmt.Errorf("the entries do not give the signed root: %v", err)
	}

	tiles, err := verifyTiles(dir, tree, latest.N)
	if err != nil {
		return err
	}
	for index := int64(0); index < latest.N; index += 1 + latest.N/1000 {
		proof, err := tlog.ProveRecord(latest.N, index, tree)
		if err != nil {
			return err
		}
		leaf := tree.hashes[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, latest.N, latest.Hash, index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	older, err := verifyOlder(dir, tree, latest, verifier)
	if err != nil {
		return err
	}
	proofs, err := verifyProofs(dir, tree, verifier)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d entries, root %v, %d tiles, %d older checkpoints, %d proofs\n",
		latest.origin, latest.N, latest.Hash, tiles, older, proofs)
	return nil
}

// verifyTiles compares each tile of hashes that is there with the one that the entries give.
func verifyTiles(dir string, tree *memory, size int64) (int, error) {
	found := 0
	for _, tile := range tlog.NewTiles(8, 0, size) {
		have, err := os.ReadFile(filepath.Join(dir, path(tile)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		want, wrong := tlog.ReadTileData(tile, tree)
		if err != nil || wrong != nil || !bytes.Equal(have, want) {
			return 0, fmt.Errorf("%s does not hold the entries' hashes: %v %v", path(tile), err, wrong)
		}
		found++
	}
	return found, nil
}

// verifyOlder checks that every checkpoint kept from earlier is a beginning of the latest tree.
func verifyOlder(dir string, tree *memory, latest checkpoint, verifier note.Verifier) (int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		signed, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		older, err := openCheckpoint(signed, verifier)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if older.N == 0 {
			continue
		}
		if older.N > latest.N {
			return 0, fmt.Errorf("%s is of a larger tree", name)
		}
		proof, err := tlog.ProveTree(latest.N, older.N, tree)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, latest.N, latest.Hash, older.N, older.Hash); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return len(names), nil
}

// verifyProofs checks each kept tlog-proof against the entry that the log serves at its index.
func verifyProofs(dir string, tree *memory, verifier note.Verifier) (int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "proofs", "*.tlog-proof"))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		index, proof, signed, err := parseProof(string(raw))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		covered, err := openCheckpoint([]byte(signed), verifier)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if index >= tree.size {
			return 0, fmt.Errorf("%s: the log serves no entry %d", name, index)
		}
		leaf := tree.hashes[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, covered.N, covered.Hash, index, leaf); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return len(names), nil
}

func parseProof(text string) (int64, tlog.RecordProof, string, error) {
	malformed := errors.New("malformed tlog-proof")
	border := strings.Index(text, "\n\n")
	if border < 0 {
		return 0, nil, "", malformed
	}
	head, signed := text[:border], text[border+2:]
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, nil, "", malformed
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if _, err := base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return 0, nil, "", err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return 0, nil, "", malformed
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil || index < 0 {
		return 0, nil, "", malformed
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, "", err
		}
		proof = append(proof, hash)
	}
	return index, proof, signed, nil
}
