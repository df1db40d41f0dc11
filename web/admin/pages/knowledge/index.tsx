import { Route, Routes } from 'react-router';
import { Ask } from './Ask.tsx';
import { Categories } from './Categories.tsx';
import { Editor, NewFaq } from './Editor.tsx';
import { Import } from './Import.tsx';
import { List } from './List.tsx';

export default function Knowledge() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<NewFaq />} />
      <Route path="ask" element={<Ask />} />
      <Route path="import" element={<Import />} />
      <Route path="categories" element={<Categories />} />
      <Route path=":id" element={<Editor />} />
    </Routes>
  );
}
