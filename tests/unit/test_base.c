/* Containers and buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

static void a_buf_keeps_its_limit(void **state)
{
	struct buf b;

	buf_init(&b, 10);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_printf(&b, "%d%s", 12345, "abc"), 0);
	assert_int_equal(buf_adds(&b, "xyz"), -1);	/* 11 bytes */
	assert_true(b.overflow);
	assert_string_equal(buf_cstr(&b), "12345abc");
	assert_int_equal(buf_addc(&b, 'd'), -1);	/* sticky */
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, "0123456789"), 0);
	buf_consume(&b, 4);
	assert_string_equal(buf_cstr(&b), "456789");
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	buf_init(&b, SIZE_MAX);
	buf_adds(&b, "x");
	assert_int_equal(buf_add(&b, "", SIZE_MAX), -1);
	buf_fini(&b);
}

/* Up to each length and beyond, by characters and by formats. */
static void a_buf_grows_where_it_must(void **state)
{
	struct buf a, b;

	buf_init(&a, 200);
	buf_init(&b, 200);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(buf_addc(&a, (char)('a' + i % 26)), 0);
		assert_int_equal(buf_printf(&b, "%c", 'a' + i % 26), 0);
		assert_int_equal(a.len, i + 1);
		assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	}
	assert_int_equal(buf_addc(&a, 'x'), -1);
	assert_int_equal(a.len, 200);
	buf_fini(&a);
	buf_fini(&b);
	buf_init(&b, 100);
	buf_adds(&b, "kept");
	assert_int_equal(buf_printf(&b, "%0*d", 97, 1), -1);
	assert_string_equal(buf_cstr(&b), "kept");
	buf_fini(&b);
}

static void an_arena_is_zeroed_and_aligned(void **state)
{
	struct arena a = { 0 };

	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(&a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 1), "x-1");
	assert_string_equal(arena_strn(&a, "abcdef", 3), "abc");
	assert_null(arena_str(&a, NULL));
	arena_fini(&a);
	assert_int_equal(a.used, 0);
}

static void a_map_finds_what_was_put(void **state)
{
	int values[500];
	struct map m = { 0 };
	char key[16];

	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "vol-%d", i);
		assert_null(map_put(&m, key, &values[i]));
	}
	assert_int_equal(map_count(&m), 500);
	assert_ptr_equal(map_get(&m, "vol-123"), &values[123]);
	assert_ptr_equal(map_put(&m, "vol-123", &values[0]), &values[123]);
	assert_ptr_equal(map_del(&m, "vol-123"), &values[0]);
	assert_null(map_del(&m, "vol-123"));
	assert_null(map_get(&m, "vol-"));
	map_putn(&m, "a\0b", 3, &values[1]);
	map_putn(&m, "", 0, &values[2]);
	assert_null(map_getn(&m, "a\0c", 3));
	assert_ptr_equal(map_getn(&m, "a\0b", 3), &values[1]);
	assert_ptr_equal(map_get(&m, ""), &values[2]);
	map_fini(&m);
	assert_int_equal(map_count(&m), 0);
}

static void a_map_is_walked_in_order_and_cleared_on_the_way(void **state)
{
	struct map m = { 0 };
	struct map_iter it = { 0 };
	char order[8] = "";
	const char *key;
	void *value;

	map_put(&m, "a", &m);
	map_put(&m, "b", &m);
	map_put(&m, "c", &m);
	while (map_next(&m, &it, &key, &value)) {
		memcpy(order + strlen(order), key, 2);
		map_del(&m, key);
	}
	assert_string_equal(order, "abc");
	assert_int_equal(map_count(&m), 0);
	map_fini(&m);
}

struct item {
	struct heap_node node;
	int key;
};

static bool less(const struct heap_node *a, const struct heap_node *b)
{
	return container_of(a, struct item, node)->key < container_of(b, struct item, node)->key;
}

static void a_heap_sorts_through_removals_and_moves(void **state)
{
	struct item items[200] = { 0 };
	struct heap h;
	int last = -1;

	heap_init(&h, less);
	for (int i = 0; i < 200; i++) {
		items[i].key = (i * 7919) % 1000;
		heap_push(&h, &items[i].node);
	}
	for (int i = 0; i < 200; i += 3)
		heap_remove(&h, &items[i].node);
	heap_remove(&h, &items[0].node);		/* a second time: nothing */
	for (int i = 1; i < 200; i += 3) {
		items[i].key = (items[i].key * 31) % 997;
		heap_moved(&h, &items[i].node);
	}
	for (size_t left = h.len; left; left--) {
		struct item *it = container_of(heap_top(&h), struct item, node);

		assert_true(it->key >= last);
		last = it->key;
		heap_remove(&h, &it->node);
	}
	assert_null(heap_top(&h));
	heap_fini(&h);
}

static void a_list_links_and_unlinks(void **state)
{
	struct list head = LIST_INIT(head), a = { 0 }, b, c;

	list_init(&b);
	list_del(&a);			/* zeroed: harmless */
	assert_false(list_linked(&a));
	list_add_tail(&head, &a);
	list_add_tail(&head, &b);
	list_add_head(&head, &c);
	list_for_each_safe(l, &head) {
		if (l == &a)
			list_del(l);
	}
	assert_ptr_equal(list_pop(&head), &c);
	assert_ptr_equal(list_pop(&head), &b);
	assert_null(list_pop(&head));
	assert_true(list_empty(&head));
}

static void strs_are_cut_and_trimmed(void **state)
{
	struct str rest = str_c("a,,b");
	size_t parts = 0;

	while (rest.p) {
		struct str part = str_cut(&rest, ',');

		assert_true(parts == 1 ? part.n == 0 : part.n == 1);
		parts++;
	}
	assert_int_equal(parts, 3);
	assert_true(str_eq_c(str_trim(str_c(" \t x y \r\n")), "x y"));
	assert_int_equal(str_trim(str_c("  ")).n, 0);
	assert_true(str_starts(str_c("vol-1"), "vol-") && !str_starts(str_c("vo"), "vol-"));
	assert_true(str_ends(str_c("x.sock"), ".sock") && str_ends(str_c(""), ""));
	assert_true(cstr_empty(NULL) && cstr_eq(NULL, "") && !cstr_eq("a", NULL));
}

static void errors_carry_code_reason_and_text(void **state)
{
	struct err e = { 0 }, copy = { 0 };

	assert_int_equal(err_set_errno(&e, ENOSPC, "write %s", "x"), -1);
	assert_int_equal(e.code, GRPC_RESOURCE_EXHAUSTED);
	assert_true(err_reason_is(&e, "ENOSPC"));
	assert_string_equal(err_msg(&e), "write x: No space left on device");
	err_prefix(&e, "stage %s", "vol-1");
	err_set(&e, GRPC_INTERNAL, "again: %s", err_msg(&e));	/* its own text as argument */
	assert_string_equal(err_msg(&e), "again: stage vol-1: write x: No space left on device");
	err_copy(&copy, &e);
	err_move(&e, &copy);
	assert_false(err_is_set(&copy));
	assert_true(err_is_set(&e));
	assert_int_equal(err_set(NULL, GRPC_INTERNAL, "nobody asks"), -1);
	assert_string_equal(grpc_code_name(GRPC_CANCELLED), "Canceled");
	err_fini(&e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buf_keeps_its_limit),
		cmocka_unit_test(a_buf_grows_where_it_must),
		cmocka_unit_test(an_arena_is_zeroed_and_aligned),
		cmocka_unit_test(a_map_finds_what_was_put),
		cmocka_unit_test(a_map_is_walked_in_order_and_cleared_on_the_way),
		cmocka_unit_test(a_heap_sorts_through_removals_and_moves),
		cmocka_unit_test(a_list_links_and_unlinks),
		cmocka_unit_test(strs_are_cut_and_trimmed),
		cmocka_unit_test(errors_carry_code_reason_and_text),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
