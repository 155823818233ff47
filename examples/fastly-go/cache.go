package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/cache/core"
	"github.com/fastly/compute-sdk-go/cache/simple"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/purge"
)

// simpleGet gives what ?value was when ?key was first asked for.
func simpleGet(c call) error {
	body, err := simple.GetOrSet([]byte(c.parameter("key")), func() (simple.CacheEntry, error) {
		return simple.CacheEntry{Body: strings.NewReader(c.parameter("value")), TTL: time.Minute}, nil
	})
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(c.w, body)
	return err
}

func simplePurge(c call) error {
	if err := simple.Purge([]byte(c.parameter("key")), simple.PurgeOptions{}); err != nil {
		return err
	}
	return c.text("purged")
}

func (c call) fields() fsthttp.Header {
	header := fsthttp.NewHeader()
	header.Set("accept", c.parameter("accept"))
	return header
}

// coreGet finds, or makes while it is already being read.
func coreGet(c call) error {
	if c.parameter("range") != "" {
		return c.status(fsthttp.StatusNotImplemented)
	}
	lookup := core.LookupOptions{RequestHeaders: c.fields()}
	transaction, err := core.NewTransaction([]byte(c.parameter("key")), lookup)
	if err != nil {
		return err
	}
	defer transaction.Close()
	found, err := transaction.Found()
	if err == nil {
		defer found.Body.Close()
		metadata, _ := found.UserMetadata()
		state := fmt.Sprintf("hit %d %v %v Some(%d)", found.Hits, found.Stale(), transaction.MustInsertOrUpdate(),
			found.Length)
		c.w.Header().Set("x-state", state)
		c.w.Header().Set("x-metadata", string(metadata))
		_, err = io.Copy(c.w, found.Body)
		return err
	}
	if err != core.ErrNotFound {
		return err
	}
	writer, found, err := transaction.InsertAndStreamBack(core.WriteOptions{
		TTL:           time.Minute,
		SurrogateKeys: []string{"all", c.parameter("key")},
		Vary:          []string{"accept"},
		UserMetadata:  []byte("about it"),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(writer, "made for %s ", c.parameter("accept"))
	if err = writer.Close(); err != nil {
		return err
	}
	defer found.Body.Close()
	c.w.Header().Set("x-state", "miss")
	_, err = io.Copy(c.w, found.Body)
	return err
}

// coreInsert stores without a transaction; stale from the beginning if ?age says so.
func coreInsert(c call) error {
	var age int
	fmt.Sscan(c.parameter("age"), &age)
	value := c.parameter("value")
	writer, err := core.Insert([]byte(c.parameter("key")), core.WriteOptions{
		TTL:                  time.Minute,
		InitialAge:           time.Duration(age) * time.Second,
		StaleWhileRevalidate: time.Minute,
		SurrogateKeys:        []string{"all"},
		Length:               uint64(len(value)),
	})
	if err != nil {
		return err
	}
	io.WriteString(writer, value)
	if c.parameter("give-up") == "yes" {
		writer.Abandon()
		return c.text("given up")
	}
	if err = writer.Close(); err != nil {
		return err
	}
	return c.text("inserted")
}

// coreUpdate makes a stale one fresh again.
func coreUpdate(c call) error {
	transaction, err := core.NewTransaction([]byte(c.parameter("key")), core.LookupOptions{})
	if err != nil {
		return err
	}
	defer transaction.Close()
	isAsked := transaction.MustInsertOrUpdate()
	found, err := transaction.Found()
	if err == core.ErrNotFound {
		return c.text("nothing")
	}
	if err != nil {
		return err
	}
	wasStale := found.Stale()
	found.Body.Close()
	if isAsked {
		update := core.WriteOptions{TTL: time.Minute, UserMetadata: []byte("updated")}
		if err = transaction.Update(update); err != nil {
			return err
		}
	}
	return c.text("%v %v", isAsked, wasStale)
}

func purgeKey(c call) error {
	err := purge.PurgeSurrogateKey(c.parameter("surrogate"), purge.PurgeOptions{Soft: c.parameter("soft") == "yes"})
	if err != nil {
		return err
	}
	return c.text("purged")
}
