package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The items of the vectors file that x/mod has code for, or that a few lines here can check.
type vectors struct {
	Log struct {
		Origin string
		Vkey   string
		GoSkey string `json:"go_skey"`
	}
	Witness struct {
		Name string
		Vkey string
		Time uint64
	}
	Entries       []string
	LeafHashes    []string          `json:"leaf_hashes"`
	RootsBySize   map[string]string `json:"roots_by_size"`
	Checkpoints   map[string]string
	Cosigned      string `json:"cosigned_checkpoint_15"`
	AddCheckpoint string `json:"add_checkpoint_request_5_to_15"`
	Proof         string `json:"tlog_proof_index6_size15"`
	Bundle        string `json:"entry_bundle_p3_hex"`
	Inclusion     []struct {
		Index, Size int64
		LeafHash    string `json:"leaf_hash"`
		Root        string
		Proof       []string
	}
	Consistency []struct {
		Size1, Size2 int64
		Root1, Root2 string
		Proof        []string
	}
	TilePaths     map[string]string                   `json:"tile_paths"`
	DecimalLeaves map[string]string                   `json:"decimal_leaves_roots_b64"`
	Disclosure    struct{ Disclosure, Digest string } `json:"sd_jwt_disclosure_rfc9901"`
}

// A witness verifies cosignature/v1, which x/mod does not know.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
	time uint64
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.id }
func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	w.time = binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", w.time, text)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a witness's key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return nil, errors.New("wrong key id")
	}
	return &witness{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:], 0}, nil
}

func hashOf(text string) tlog.Hash {
	raw, err := hex.DecodeString(text)
	fail(err)
	var hash tlog.Hash
	if copy(hash[:], raw) != 32 || len(raw) != 32 {
		fail(errors.New("a hash has 32 bytes"))
	}
	return hash
}

func hashesOf(texts []string) (hashes []tlog.Hash) {
	for _, text := range texts {
		hashes = append(hashes, hashOf(text))
	}
	return hashes
}

func verifyVectors(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var file vectors
	if err := json.Unmarshal(raw, &file); err != nil {
		return err
	}
	for _, check := range []func(*vectors) error{checkTree, checkProofs, checkNotes, checkFiles} {
		if err := check(&file); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %d inclusion proofs, %d consistency proofs, %d checkpoints and the rest accepted\n",
		name, len(file.Inclusion), len(file.Consistency), len(file.Checkpoints))
	return nil
}

func checkTree(file *vectors) error {
	tree := &memory{}
	for at, entry := range file.Entries {
		if err := tree.append([]byte(entry)); err != nil {
			return err
		}
		if tlog.RecordHash([]byte(entry)) != hashOf(file.LeafHashes[at]) {
			return fmt.Errorf("leaf hash %d", at)
		}
	}
	for text, want := range file.RootsBySize {
		size, _ := strconv.ParseInt(text, 10, 64)
		if root, err := tree.root(size); err != nil || root != hashOf(want) {
			return fmt.Errorf("root of %d: %v", size, err)
		}
	}
	decimals := &memory{}
	for size := int64(1); size <= 70000; size++ {
		if err := decimals.append([]byte(strconv.FormatInt(size-1, 10))); err != nil {
			return err
		}
		if want, ok := file.DecimalLeaves[strconv.FormatInt(size, 10)]; ok {
			if root, err := decimals.root(size); err != nil || root.String() != want {
				return fmt.Errorf("root of %d decimals: %v", size, err)
			}
		}
	}
	return nil
}

func checkProofs(file *vectors) error {
	for _, c := range file.Inclusion {
		err := tlog.CheckRecord(hashesOf(c.Proof), c.Size, hashOf(c.Root), c.Index, hashOf(c.LeafHash))
		if err != nil {
			return fmt.Errorf("inclusion of %d in %d: %w", c.Index, c.Size, err)
		}
	}
	for _, c := range file.Consistency {
		err := tlog.CheckTree(hashesOf(c.Proof), c.Size2, hashOf(c.Root2), c.Size1, hashOf(c.Root1))
		if err != nil {
			return fmt.Errorf("consistency of %d and %d: %w", c.Size1, c.Size2, err)
		}
	}
	return nil
}

func checkNotes(file *vectors) error {
	verifier, err := note.NewVerifier(file.Log.Vkey)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(file.Log.GoSkey)
	if err != nil {
		return err
	}
	for text, signed := range file.Checkpoints {
		opened, err := openCheckpoint([]byte(signed), verifier)
		if err != nil || strconv.FormatInt(opened.N, 10) != text || opened.Hash != hashOf(file.RootsBySize[text]) {
			return fmt.Errorf("checkpoint %s: %v", text, err)
		}
		body := signed[:strings.Index(signed, "\n\n")+1]
		again, err := note.Sign(&note.Note{Text: body}, signer)
		if err != nil || string(again) != signed {
			return fmt.Errorf("checkpoint %s signed again: %v", text, err)
		}
	}
	witness, err := newWitness(file.Witness.Vkey)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(file.Cosigned), note.VerifierList(verifier, witness))
	if err != nil || len(opened.Sigs) != 2 || witness.time != file.Witness.Time {
		return fmt.Errorf("cosigned checkpoint: %v", err)
	}

	border := strings.Index(file.AddCheckpoint, "\n\n")
	lines := strings.Split(file.AddCheckpoint[:border], "\n")
	latest, err := openCheckpoint([]byte(file.AddCheckpoint[border+2:]), verifier)
	if err != nil || lines[0] != "old 5" {
		return fmt.Errorf("add-checkpoint: %v", err)
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	return tlog.CheckTree(proof, latest.N, latest.Hash, 5, hashOf(file.RootsBySize["5"]))
}

func checkFiles(file *vectors) error {
	verifier, err := note.NewVerifier(file.Log.Vkey)
	if err != nil {
		return err
	}
	index, proof, signed, err := parseProof(file.Proof)
	if err != nil {
		return err
	}
	covered, err := openCheckpoint([]byte(signed), verifier)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash([]byte(file.Entries[index]))
	if err := tlog.CheckRecord(proof, covered.N, covered.Hash, index, leaf); err != nil {
		return fmt.Errorf("tlog-proof: %w", err)
	}

	raw, err := hex.DecodeString(file.Bundle)
	if err != nil {
		return err
	}
	entries, err := bundle(raw)
	if err != nil || len(entries) != 3 || !bytes.Equal(entries[2], []byte(file.Entries[2])) {
		return fmt.Errorf("bundle: %v", err)
	}
	for text, want := range file.TilePaths {
		number, _ := strconv.ParseInt(text, 10, 64)
		if have := path(tlog.Tile{H: 8, L: 3, N: number, W: 256}); have != "tile/3/"+want {
			return fmt.Errorf("path %s, not %s", have, want)
		}
	}
	sum := sha256.Sum256([]byte(file.Disclosure.Disclosure))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != file.Disclosure.Digest {
		return errors.New("disclosure")
	}
	return nil
}
